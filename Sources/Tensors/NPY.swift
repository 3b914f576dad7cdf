public import Faults

/// NumPy's array file: versions 1.0, 2.0 and 3.0 are read, 1.0 is written.
///
/// Source: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public enum NPY {
  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  private static let alignment = 64
  private static let maxHeaderBytes = 1 << 16
  private static let maxRank = 32

  /// Whether the bytes begin as an array file does.
  public static func isNPY(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: magic)
  }

  /// The file of a tensor: row-major, little-endian, the elements on a multiple of 64 bytes.
  public static func encode(_ tensor: Tensor) -> [UInt8] {
    var bytes = header(tensor.dtype, tensor.shape)
    bytes.reserveCapacity(bytes.count + tensor.byteCount)
    bytes += UnsafeRawBufferPointer(start: tensor.base, count: tensor.byteCount)
    withExtendedLifetime(tensor) {}
    return bytes
  }

  /// What stands before the elements in a file.
  public static func header(_ dtype: DType, _ shape: Shape) -> [UInt8] {
    let dimensions = shape.dimensions
    let extents = dimensions.map(String.init).joined(separator: ", ")
    let comma = dimensions.count == 1 ? "," : ""
    let dictionary =
      "{'descr': '\(descriptor(dtype))', 'fortran_order': False, 'shape': (\(extents)\(comma)), }"
    var header = Array(dictionary.utf8)
    let prefix = magic.count + 4
    let padding = alignment - (prefix + header.count + 1) % alignment
    header += [UInt8](repeating: 0x20, count: padding % alignment) + [0x0A]
    return magic + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)] + header
  }

  /// The tensor in a file; row-major, of one of the types of `DType`, with nothing behind it.
  /// - Throws: `Fault` with code `image.invalid_format` for other content, `image.decoding_failed`
  ///   for a file whose length does not fit its header, `media.unsupported` for other element types.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Tensor {
    let (fields, dtype, start) = try fields(bytes)
    let wanted = try byteCount(fields.shape, dtype)
    guard bytes.count - start == wanted else {
      throw Fault(
        .imageDecodingFailed,
        "the NPY holds \(bytes.count - start) bytes of elements, its header promises \(wanted)",
        details: ["reason": .string(bytes.count - start < wanted ? "truncated" : "trailing_bytes")])
    }
    let tensor = Tensor(uninitialized: dtype, Shape(fields.shape))
    if wanted > 0, let source = bytes.baseAddress {
      tensor.base.copyMemory(from: source + start, byteCount: wanted)
    }
    return try checked(tensor)
  }

  /// What the header says, and the offset of the elements.
  static func fields(
    _ bytes: UnsafeRawBufferPointer
  ) throws(Fault) -> (fields: NPYHeader, dtype: DType, start: Int) {
    let (text, start) = try header(bytes)
    let fields = try NPYHeader(text)
    guard let dtype = dtype(fields.descriptor) else {
      throw Fault(
        .mediaUnsupported,
        "NPY elements of type \(fields.descriptor) are not supported: use little-endian numbers",
        details: ["descr": .string(fields.descriptor)])
    }
    guard !fields.fortranOrder || fields.shape.count <= 1 else {
      throw Fault(
        .mediaUnsupported, "column-major NPY is not supported: save numpy.ascontiguousarray(x)")
    }
    guard fields.shape.count <= maxRank else { throw invalid("has too many dimensions") }
    return (fields, dtype, start)
  }

  /// The header's text and the offset of the elements.
  private static func header(
    _ bytes: UnsafeRawBufferPointer
  ) throws(Fault) -> (text: [UInt8], start: Int) {
    guard bytes.count >= 12, bytes.prefix(magic.count).elementsEqual(magic) else {
      throw invalid("does not start like an NPY file")
    }
    let version = bytes[6]
    guard (1...3).contains(version), bytes[7] == 0 else {
      throw invalid("has version \(bytes[6]).\(bytes[7])")
    }
    let wide = version > 1
    let length =
      wide
      ? (8..<12).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
      : Int(bytes[8]) | Int(bytes[9]) << 8
    let offset = wide ? 12 : 10
    guard length <= maxHeaderBytes, length <= bytes.count - offset else {
      throw invalid("ends inside its header")
    }
    return (Array(bytes[offset..<offset + length]), offset + length)
  }

  static func byteCount(_ shape: [Int], _ dtype: DType) throws(Fault) -> Int {
    var count = dtype.byteSize
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw invalid("has an impossible shape") }
      count = product
    }
    return count
  }

  /// Booleans other than 0 and 1 would be undefined behaviour.
  private static func checked(_ tensor: Tensor) throws(Fault) -> Tensor {
    guard tensor.dtype == .bool else { return tensor }
    let raw = UnsafeRawBufferPointer(start: tensor.base, count: tensor.byteCount)
    defer { withExtendedLifetime(tensor) {} }
    guard raw.allSatisfy({ $0 <= 1 }) else { throw invalid("holds booleans that are not 0 or 1") }
    return tensor
  }

  static func invalid(_ what: String) -> Fault {
    Fault(.imageInvalidFormat, "the NPY \(what): write it with numpy.save")
  }

  private static let descriptors: [DType: String] = [
    .float32: "<f4", .float64: "<f8", .float16: "<f2", .uint8: "|u1", .int8: "|i1",
    .uint16: "<u2", .int16: "<i2", .uint32: "<u4", .int32: "<i4", .uint64: "<u8", .int64: "<i8",
    .bool: "|b1",
  ]

  private static func descriptor(_ dtype: DType) -> String {
    descriptors[dtype] ?? "|V\(dtype.byteSize)"
  }

  private static func dtype(_ descriptor: String) -> DType? {
    if let known = descriptors.first(where: { $0.value == descriptor }) { return known.key }
    // NumPy accepts any byte order mark for single bytes and "=" for the machine's own.
    let type = descriptor.dropFirst()
    guard let mark = descriptor.first, "<=|>".contains(mark) else { return nil }
    let wide = descriptors.first { $0.value.dropFirst() == type }
    guard let (dtype, _) = wide else { return nil }
    return dtype.byteSize == 1 ? dtype : mark == "=" ? dtype : nil
  }
}
