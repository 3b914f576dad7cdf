import Checks
import Execution
import Faults
import FileAccess
import JSON
import Models
import Options

#if canImport(Glibc)
import Glibc
#endif

extension Verb {
  static let checkCalibrate = Verb(
    VerbHelp(
      "check calibrate", "Measure how far values spread and propose tolerances",
      usage: "[MODEL] [FLAGS]",
      text: """
        Computes the inputs of the golden again and again: with other instruction sets and processors \
        of OpenBLAS, other kernels and numerics, in batches and with several workers. What was measured, \
        times \(Int(Tolerances.margin)), goes into golden/tolerances.json.new; check accept makes it count.
        """,
      examples: [("infercam check calibrate resnet50", "before the golden goes to other machines")]),
    flags: Flag.modelChoice + [Flag.golden] + Flag.work, body: calibrate)
}

/// A way to compute the same values.
private struct Variation {
  var name: String
  var flags: [String] = []
  /// The processor for OpenBLAS; `nil` leaves the environment alone.
  var blasCore: String?

  /// The plain way, alone and one by one.
  static let plain = Variation(name: "plain", flags: ["--batch", "1", "--workers", "1"])

  /// The other ways that this machine has.
  static func all(workers: Int) -> [Variation] {
    var variations = [
      Variation(
        name: "batch 8, \(max(2, workers)) workers",
        flags: ["--batch", "8", "--workers", "\(max(2, workers))"]),
      Variation(name: "numerics exact", flags: ["--numerics", "exact"]),
      Variation(name: "kernels blas", flags: ["--kernels", "blas"]),
    ]
    for name in MachineProfile.instructionSets.dropFirst() {
      variations.append(
        Variation(name: "instruction set \(name)", flags: ["--instruction-set", name]))
    }
    let hasWide = MachineProfile.instructionSets.contains("avx512")
    for core in (hasWide ? ["SkylakeX", "Cooperlake"] : []) + processors {
      variations.append(Variation(name: "BLAS \(core)", blasCore: core))
      variations.append(
        Variation(name: "BLAS \(core), kernels blas", flags: ["--kernels", "blas"], blasCore: core))
    }
    return variations
  }

  #if arch(arm64)
  private static let processors = ["ARMV8", "CORTEXA57", "NEOVERSEN1"]
  #else
  private static let processors = ["Haswell", "Zen", "Sandybridge", "Nehalem"]
  #endif
}

private func calibrate(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let model = try invocation.modelOfPositional()
  let folder = try invocation.goldenFolder(toRecord: model)
  let inputs = try folder.recordedInputs()
  let workspace = try CalibrationFolder(invocation.environment)
  defer { workspace.remove() }
  let measurement = Measurement(
    invocation: invocation, model: model, layers: try folder.recordedLayers(),
    workspace: workspace, files: try workspace.write(inputs))
  guard let reference = try measurement.record(.plain) else {
    throw Fault(.internalError, "the plain way of computing has ended without a result")
  }
  var spreads: [Spread] = []
  var profiles: Set<String> = []
  for variation in Variation.all(workers: invocation.workers) {
    if isInterrupted() { return interruptionStatus() }
    invocation.note("measuring \(variation.name)")
    guard let other = try measurement.record(variation) else {
      invocation.note("infercam: warning: \(variation.name) does not run on this machine")
      continue
    }
    let spread = try Spread(name: variation.name, from: reference, to: other)
    // Processors that OpenBLAS does not know are replaced by others.
    let key = "\(spread.profile?.text ?? "") \(variation.flags)"
    if variation.blasCore != nil, !profiles.insert(key).inserted { continue }
    spreads.append(spread)
  }
  let tolerances = Tolerances(measured: spreads)
  try folder.record(tolerances)
  if invocation.printsTable {
    try console.print(table(spreads).text)
    try console.print(
      "proposed tolerances are in \(folder.path.appending("tolerances.json.new").display): "
        + "infercam check accept makes them count")
  } else {
    try console.print(tolerances.json.encodedText)
  }
  return ExitStatus.success
}

private func table(_ spreads: [Spread]) -> Table {
  var table = Table(
    ["", "PROFILE", "LOGITS", "PROB", "CAM", "RMSE", "IOU", "SHIFT", "TAU", "FLIPS"],
    numeric: [2, 3, 4, 5, 6, 7, 8, 9])
  for spread in spreads {
    table.add([
      spread.name, spread.profile?.text ?? "", scientific(spread.relative["logits"]),
      scientific(spread.absolute["probabilities"]), scientific(spread.relative["cam"]),
      scientific(spread.rmse), decimal(spread.iou, 3), decimal(spread.centerShift, 3),
      decimal(spread.kendallTau, 3), "\(spread.flips)",
    ])
  }
  return table
}

/// A small number with two digits and its power of ten.
private func scientific(_ value: Double?) -> String {
  guard let value, value > 0, value.isFinite else { return value == 0 ? "0" : "–" }
  let exponent = Int(log10(value).rounded(.down))
  return decimal(value / pow(10, Double(exponent)), 1) + "e\(exponent)"
}

/// What is computed again and again.
private struct Measurement {
  let invocation: Invocation
  let model: ModelVersion
  let layers: [String]
  let workspace: CalibrationFolder
  let files: [RawPath]

  /// Records the inputs in another process; `nil` when it cannot compute in this way.
  func record(_ variation: Variation) throws(Fault) -> GoldenFolder? {
    guard let executable = invocation.environment.executable else {
      throw Fault(.internalError, "the path of this program is not known")
    }
    let target = try workspace.next()
    var words: [[UInt8]] = [Array("check".utf8), Array("record".utf8)]
    words += modelWords + [Array("--golden".utf8), target.bytes]
    for file in files { words += [Array("--inputs".utf8), file.bytes] }
    for layer in layers { words += [Array("--layers".utf8), Array(layer.utf8)] }
    words += (variation.flags + ["--quiet", "--json"]).map { Array($0.utf8) }
    var changes: [String: String?] = [:]
    if let core = variation.blasCore { changes["OPENBLAS_CORETYPE"] = core }
    let ending = try SelfProcess.run(
      words, executable: executable, invocation.environment, changes: changes,
      log: target.appending("log"))
    if ending.status == 0 { return GoldenFolder(target) }
    // Kernels for another processor end with a signal.
    if variation.blasCore != nil, ending.status > 128 { return nil }
    throw Fault(.internalError, "\(variation.name): \(ending.errors)")
  }

  /// What names the model to another process.
  private var modelWords: [[UInt8]] {
    let arguments = invocation.arguments
    func flag(_ name: String, _ value: [UInt8]?) -> [[UInt8]] {
      value.map { [Array("--\(name)".utf8), $0] } ?? []
    }
    let isPath =
      arguments.labels != nil || arguments.preprocess != nil
      || arguments.outputName != nil || !isInRepository
    let reference = isPath ? model.file.bytes : Array(model.reference.utf8)
    return flag("model", reference) + arguments.modelFolders.flatMap { flag("models", $0.bytes) }
      + flag("labels", arguments.labels?.bytes)
      + flag("preprocess", arguments.preprocess.map { Array($0.rawValue.utf8) })
      + flag("output-name", arguments.outputName.map { Array($0.utf8) })
  }

  private var isInRepository: Bool {
    (try? invocation.repository.resolve(model.reference))?.file == model.file
  }
}

/// A folder for what is measured.
private final class CalibrationFolder {
  private let path: RawPath
  private var count = 0

  init(_ environment: Environment) throws(Fault) {
    let parent = environment.path("TMPDIR") ?? RawPath("/tmp")
    path = parent.appending("infercam-calibrate-\(getpid())")
    try removeTree(path)
    try createDirectories(path)
  }

  func next() throws(Fault) -> RawPath {
    count += 1
    let folder = path.appending("\(count)")
    try createDirectory(folder)
    return folder
  }

  /// Writes inputs as files, in order.
  func write(_ inputs: [GoldenInput]) throws(Fault) -> [RawPath] {
    var files: [RawPath] = []
    for (index, input) in inputs.enumerated() {
      let folder = path.appending("in-\(index)")
      try createDirectory(folder)
      let ending = RawPath(input.name).fileExtension.map { ".\($0)" } ?? ""
      let file = folder.appending("input" + ending)
      try replaceFile(
        file, with: input.bytes, temporary: folder.appending("part"), durable: false)
      files.append(file)
    }
    return files
  }

  func remove() { try? removeTree(path) }
}
