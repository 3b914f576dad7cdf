import Faults

/// One field of a protobuf message: its number, where it begins, and its undecoded value.
struct WireField {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// A length-delimited value, as the range of its bytes in the file.
    case bytes(Range<Int>)
  }

  let number: Int
  /// The offset of the field's tag in the file.
  let offset: Int
  let value: Value
}

/// Reads the fields of one protobuf message, every access checked against the message's end.
///
/// The bytes are those of the whole file, so that offsets in faults are offsets in the file; they
/// must outlive the reader.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
struct WireReader {
  /// Messages may be nested this deep; protobuf's own limit is 100, ONNX needs fewer than 10.
  static let depthLimit = 32

  let file: UnsafeRawBufferPointer
  private(set) var offset: Int
  let end: Int
  let depth: Int

  init(_ file: UnsafeRawBufferPointer) {
    self.file = file
    self.offset = 0
    self.end = file.count
    self.depth = 0
  }

  private init(_ file: UnsafeRawBufferPointer, _ range: Range<Int>, depth: Int) {
    self.file = file
    self.offset = range.lowerBound
    self.end = range.upperBound
    self.depth = depth
  }

  /// Returns the next field, or `nil` at the end of the message.
  mutating func next() throws(Fault) -> WireField? {
    guard offset < end else { return nil }
    let start = offset
    let tag = try varint()
    guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29 else {
      throw malformed(at: start, "the field number is impossible")
    }
    let value: WireField.Value =
      switch tag & 7 {
      case 0: .varint(try varint())
      case 1: .fixed64(try fixed(UInt64.self))
      case 2: .bytes(try lengthDelimited())
      case 5: .fixed32(try fixed(UInt32.self))
      default: throw malformed(at: start, "wire type \(tag & 7) is not used by ONNX")
      }
    return WireField(number: number, offset: start, value: value)
  }

  /// Reads a varint of at most ten bytes.
  mutating func varint() throws(Fault) -> UInt64 {
    let start = offset
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard offset < end else { throw malformed(at: start, "a number is cut off") }
      let byte = file[offset]
      offset += 1
      guard shift < 63 || byte <= 1 else { break }
      result |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return result }
    }
    throw malformed(at: start, "a number is longer than 64 bits")
  }

  private mutating func fixed<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(Fault) -> T {
    guard end - offset >= MemoryLayout<T>.size else {
      throw malformed(at: offset, "a number is cut off")
    }
    defer { offset += MemoryLayout<T>.size }
    return T(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  private mutating func lengthDelimited() throws(Fault) -> Range<Int> {
    let start = offset
    let length = try varint()
    guard length <= UInt64(end - offset) else {
      throw malformed(at: start, "a field of \(length) bytes does not fit into the rest")
    }
    defer { offset += Int(length) }
    return offset..<offset + Int(length)
  }

  /// A fault of code `model.invalid` that names the byte.
  func malformed(at offset: Int, _ what: String) -> Fault {
    Fault(
      .modelInvalid, "byte \(offset): \(what): the file is damaged or not an ONNX model",
      details: ["offset": .int(offset)])
  }
}

extension WireReader {
  /// A reader of a nested message.
  func message(_ field: WireField) throws(Fault) -> WireReader {
    guard depth < Self.depthLimit else {
      throw malformed(at: field.offset, "messages are nested deeper than \(Self.depthLimit)")
    }
    return WireReader(file, try bytes(field), depth: depth + 1)
  }

  /// The range of a length-delimited field.
  func bytes(_ field: WireField) throws(Fault) -> Range<Int> {
    guard case .bytes(let range) = field.value else { throw wrongType(field) }
    return range
  }

  /// A string; refused when it is not UTF-8.
  func string(_ field: WireField) throws(Fault) -> String {
    let range = try bytes(field)
    guard
      let string = String(validating: UnsafeRawBufferPointer(rebasing: file[range]), as: UTF8.self)
    else {
      throw malformed(at: field.offset, "a text is not UTF-8")
    }
    return string
  }

  /// An integer of any protobuf type but `sint`.
  func int(_ field: WireField) throws(Fault) -> Int {
    guard case .varint(let value) = field.value else { throw wrongType(field) }
    return Int(Int64(bitPattern: value))
  }

  /// A 32-bit floating-point number.
  func float(_ field: WireField) throws(Fault) -> Float {
    guard case .fixed32(let bits) = field.value else { throw wrongType(field) }
    return Float(bitPattern: bits)
  }

  /// Appends the elements of a repeated integer field, packed or one by one.
  func appendInts(_ field: WireField, to ints: inout [Int]) throws(Fault) {
    guard case .bytes(let range) = field.value else {
      return ints.append(try int(field))
    }
    var packed = WireReader(file, range, depth: depth)
    while packed.offset < packed.end {
      ints.append(Int(Int64(bitPattern: try packed.varint())))
    }
  }

  /// Appends the elements of a repeated float field, packed or one by one.
  func appendFloats(_ field: WireField, to floats: inout [Float]) throws(Fault) {
    guard case .bytes(let range) = field.value else {
      return floats.append(try float(field))
    }
    var packed = WireReader(file, range, depth: depth)
    while packed.offset < packed.end {
      floats.append(Float(bitPattern: try packed.fixed(UInt32.self)))
    }
  }

  /// Appends the elements of a repeated double field, packed or one by one.
  func appendDoubles(_ field: WireField, to doubles: inout [Double]) throws(Fault) {
    switch field.value {
    case .fixed64(let bits):
      doubles.append(Double(bitPattern: bits))
    case .bytes(let range):
      var packed = WireReader(file, range, depth: depth)
      while packed.offset < packed.end {
        doubles.append(Double(bitPattern: try packed.fixed(UInt64.self)))
      }
    case .varint, .fixed32:
      throw wrongType(field)
    }
  }

  private func wrongType(_ field: WireField) -> Fault {
    malformed(at: field.offset, "field \(field.number) has the wrong wire type")
  }
}
