// swift-tools-version: 6.2
import PackageDescription

// The module map: every target lists each module it imports, lower levels only (docs/design.md).

/// Settings of every Swift target.
let common: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Settings of modules with element loops: optimised in debug builds too, so that tests stay fast.
let numeric: [SwiftSetting] =
  common + [
    .unsafeFlags(["-O"], .when(configuration: .debug)),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
  ]

let cSettings: [CSetting] = [
  .unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-math-errno"])
]

func module(
  _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = common
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["InfercamTestSupport"], exclude: exclude,
    swiftSettings: common)
}

let package = Package(
  name: "infercam",
  products: [.executable(name: "infercam", targets: ["infercam"])],
  targets: [
    // Level 0: system libraries, C leaves, and the modules that import nothing of ours.
    .systemLibrary(name: "CLibJPEG", pkgConfig: "libjpeg"),
    .systemLibrary(name: "CLibPNG", pkgConfig: "libpng"),
    .systemLibrary(name: "CLibTIFF", pkgConfig: "libtiff-4"),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas"),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .target(
      name: "CImageCodecs", dependencies: ["CLibJPEG", "CLibPNG", "CLibTIFF"],
      cSettings: cSettings),
    .target(name: "CKernels", cSettings: cSettings),
    .target(name: "CPlatform", cSettings: cSettings),
    .target(name: "CTransfers", cSettings: cSettings),
    module("Faults", []),
    module("Workers", ["CPlatform"]),
    // Level 1
    module("Tensors", ["Faults"], settings: numeric),
    module("JSON", ["Faults"], settings: numeric),
    module("Digests", ["CNettle", "CPlatform"]),
    module("FileAccess", ["Workers", "CPlatform", "Faults"]),
    // Level 2
    module("Kernels", ["Tensors", "Faults", "COpenBLAS", "CKernels"], settings: numeric),
    module("Images", ["Tensors", "Faults", "CImageCodecs"], settings: numeric),
    module("Metrics", ["JSON"], settings: numeric),
    module("Transfers", ["CTransfers", "Workers", "FileAccess", "Digests", "Faults"]),
    // Level 3
    module("Graphs", ["Kernels", "Tensors", "Faults"], settings: numeric),
    // Level 4
    module(
      "ONNXImport", ["Graphs", "Kernels", "Tensors", "Faults", "CPlatform"], settings: numeric),
    module(
      "Execution", ["Graphs", "Kernels", "Tensors", "Workers", "Faults"], settings: numeric),
    module("Attribution", ["Graphs", "Kernels", "Tensors", "Faults"], settings: numeric),
    // Level 5
    module("Requests", ["Images", "JSON", "Faults"]),
    module(
      "Models",
      ["ONNXImport", "Graphs", "Images", "Tensors", "JSON", "Digests", "FileAccess", "Faults"]),
    // Level 6
    module(
      "Inference",
      [
        "Requests", "Models", "Attribution", "Execution", "ONNXImport", "Graphs", "Kernels",
        "Images", "Metrics", "Tensors", "JSON", "Digests", "Workers", "Faults",
      ]),
    // Level 7
    module(
      "Runs",
      [
        "Inference", "Requests", "Models", "Execution", "Images", "Metrics", "Transfers", "Tensors",
        "JSON", "Digests", "FileAccess", "Workers", "CPlatform", "Faults",
      ]),
    module(
      "Checks",
      [
        "Inference", "Requests", "Models", "Execution", "Images", "Metrics", "Tensors", "JSON",
        "Digests", "FileAccess", "Workers", "Faults",
      ]),
    // Level 8
    module("Options", ["Faults"]),
    module(
      "Reports", ["Runs", "Tensors", "JSON", "Digests", "FileAccess", "CZlib", "Faults"]),
    module("Schemas", ["Runs", "Checks", "Models", "Requests", "Images", "JSON", "Faults"]),
    // Level 9
    module(
      "Commands",
      [
        "Runs", "Checks", "Schemas", "Reports", "Inference", "Models", "Requests", "Attribution",
        "Execution", "ONNXImport", "Graphs", "Images", "Metrics", "Transfers", "Tensors", "JSON",
        "Digests", "FileAccess", "Options", "Workers", "CPlatform", "Faults",
      ]),
    // Level 10
    .executableTarget(name: "infercam", dependencies: ["Commands"], swiftSettings: common),

    .target(
      name: "InfercamTestSupport",
      dependencies: ["Graphs", "Tensors", "JSON", "FileAccess", "Workers", "Faults", "CZlib"],
      path: "Tests/InfercamTestSupport", swiftSettings: numeric),
    // What `make fuzz` feeds with mutated bytes; ordinary tests replay what it found.
    .target(
      name: "FuzzTargets",
      dependencies: ["Runs", "ONNXImport", "Graphs", "Images", "Tensors", "FileAccess", "Faults"],
      path: "Tests/FuzzTargets", swiftSettings: numeric),
    tests("FuzzTargetsTests", ["FuzzTargets", "FileAccess", "Faults"]),
    tests("TensorsTests", ["Tensors", "Faults"]),
    tests("JSONTests", ["JSON", "Digests", "Faults"]),
    tests("TransfersTests", ["Transfers", "Workers", "FileAccess", "Faults"]),
    tests("KernelsTests", ["Kernels", "CKernels", "Tensors", "Faults"]),
    tests("ImagesTests", ["Images", "Tensors", "Faults", "CImageCodecs", "CLibJPEG"]),
    tests("MetricsTests", ["Metrics", "JSON"]),
    tests("ChecksTests", ["Checks", "JSON", "Faults"]),
    tests("GraphsTests", ["Graphs", "Kernels", "Tensors", "Faults"]),
    tests("ONNXImportTests", ["ONNXImport", "Graphs", "Kernels", "Tensors", "Faults"]),
    tests("ExecutionTests", ["Execution", "ONNXImport", "Graphs", "Kernels", "Tensors", "Faults"]),
    tests("AttributionTests", ["Attribution", "Graphs", "Images", "Tensors", "Faults"]),
    tests("RequestsTests", ["Requests", "Images", "JSON", "Faults"]),
    tests(
      "ModelsTests", ["Models", "Graphs", "Digests", "JSON", "FileAccess", "Tensors", "Faults"]),
    tests(
      "InferenceTests",
      [
        "Inference", "Requests", "Models", "Attribution", "Execution", "Images", "Tensors", "JSON",
        "FileAccess", "Faults",
      ]),
    tests(
      "RunsTests",
      [
        "Runs", "Inference", "Attribution", "Images", "Transfers", "Workers", "Requests",
        "Tensors", "JSON", "Digests", "FileAccess", "Faults",
      ]),
    tests(
      "CommandsTests",
      [
        "Commands", "Schemas", "Inference", "Requests", "Images", "Options", "JSON", "FileAccess",
        "Faults",
      ]),
    tests(
      "ConformanceTests",
      [
        "Inference", "Models", "Attribution", "Execution", "ONNXImport", "Graphs", "Images",
        "Tensors", "JSON", "Requests", "FileAccess", "Faults",
      ]),
    tests(
      "EndToEndTests",
      ["infercam", "JSON", "FileAccess", "Digests", "Tensors", "Images", "Faults"],
      exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer brings its own `main` and needs sanitizers: it is no part of ordinary builds.
if Context.environment["INFERCAM_FUZZING"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets"], path: "Fuzzing", exclude: ["corpus"],
      swiftSettings: common + [.unsafeFlags(["-parse-as-library"])]))
}
