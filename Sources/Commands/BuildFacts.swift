import Execution
import Images
import JSON

/// What this program was built of and what it runs on.
enum BuildFacts {
  static var configuration: String {
    #if DEBUG
    "debug"
    #else
    "release"
    #endif
  }

  static var compiler: String {
    #if compiler(>=6.4)
    "Swift 6.4 or later"
    #elseif compiler(>=6.3)
    "Swift 6.3"
    #else
    "Swift 6.2"
    #endif
  }

  static var architecture: String {
    #if arch(x86_64)
    "x86_64"
    #elseif arch(arm64)
    "arm64"
    #else
    "unknown"
    #endif
  }

  /// The best instruction set that the processor has kernels for.
  static var instructionSet: String { MachineProfile.instructionSets.first ?? "generic" }

  static var json: JSONValue {
    [
      "version": .string(toolVersion), "configuration": .string(configuration),
      "compiler": .string(compiler), "architecture": .string(architecture),
      "instruction_set": .string(instructionSet),
      "blas": .string(MachineProfile.blasLibrary), "blas_core": .string(MachineProfile.blasCore),
      "codecs": .array(ImageFormat.libraryVersions.map(JSONValue.string)),
    ]
  }

  static var text: String {
    """
    infercam \(toolVersion)
    built:   \(configuration), \(compiler), \(architecture)
    kernels: \(instructionSet); \(MachineProfile.blasLibrary) for \
    \(MachineProfile.blasCore)
    codecs:  \(ImageFormat.libraryVersions.joined(separator: ", "))
    """
  }
}
