public import Tensors

/// The arrays of an `.npz` file by name.
public struct NPZ: Sendable {
  public let arrays: [String: Tensor]

  public init(_ bytes: [UInt8]) throws {
    let archive = try ZipArchive(bytes)
    var arrays: [String: Tensor] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      arrays[String(entry.name.dropLast(4))] = try NPYArray.decode(
        try archive.contents(of: entry), name: entry.name)
    }
    self.arrays = arrays
  }

  public subscript(name: String) -> Tensor? { arrays[name] }
}

/// Decodes float32 arrays in C order.
private enum NPYArray {
  static func decode(_ bytes: [UInt8], name: String) throws -> Tensor {
    guard bytes.count > 10,
      bytes.starts(with: Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })),
      bytes[6] == 1
    else { throw Malformed("\(name) is no NPY array of version 1") }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    guard header.contains("'descr': '<f4'"), header.contains("'fortran_order': False"),
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")")
    else { throw Malformed("\(name) is no float32 array in C order: \(header)") }
    let extents = header[header.index(after: open)..<close].split(separator: ",")
      .compactMap { Int($0.filter(\.isNumber)) }
    let shape = Shape(extents)
    guard bytes.count == start + shape.elementCount * 4 else {
      throw Malformed("\(name) has not the size of its shape")
    }
    let tensor = Tensor(uninitialized: .float32, shape)
    bytes[start...].withUnsafeBytes { source in
      if let base = source.baseAddress {
        tensor.base.copyMemory(from: base, byteCount: source.count)
      }
    }
    return tensor
  }
}
