import Faults
public import Tensors

/// The arrays of an `.npz` file by name, as far as they hold numbers.
public struct NPZ: Sendable {
  public let arrays: [String: Tensor]

  public init(_ bytes: [UInt8]) throws {
    let archive = try ZipArchive(bytes)
    var arrays: [String: Tensor] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let contents = try archive.contents(of: entry)
      do {
        arrays[String(entry.name.dropLast(4))] = try contents.withUnsafeBytes { bytes in
          try NPY.decode(bytes)
        }
      } catch let fault as Fault where fault.code == .mediaUnsupported {
        continue
      }
    }
    self.arrays = arrays
  }

  public subscript(name: String) -> Tensor? { arrays[name] }
}
