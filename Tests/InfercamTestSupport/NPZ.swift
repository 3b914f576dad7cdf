public import Tensors

/// The arrays of an `.npz` file by name.
public struct NPZ: Sendable {
  public let arrays: [String: Tensor]

  public init(_ bytes: [UInt8]) throws {
    let archive = try ZipArchive(bytes)
    var arrays: [String: Tensor] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let contents = try archive.contents(of: entry)
      arrays[String(entry.name.dropLast(4))] = try contents.withUnsafeBytes { bytes in
        try NPY.decode(bytes)
      }
    }
    self.arrays = arrays
  }

  public subscript(name: String) -> Tensor? { arrays[name] }
}
