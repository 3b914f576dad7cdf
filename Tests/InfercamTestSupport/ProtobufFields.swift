/// The fields of one protobuf message, in the order of the bytes.
struct ProtobufFields: Sequence {
  /// One field with its tag.
  struct Field {
    let number: Int
    /// Tag and value, as they are in the message.
    let bytes: ArraySlice<UInt8>
    /// The value of a length-delimited field.
    let payload: ArraySlice<UInt8>?
    /// The value of a varint field.
    let varint: UInt64?

    /// The integers of a repeated field, packed or not.
    func integers() throws -> [Int] {
      if let varint { return [Int(truncatingIfNeeded: varint)] }
      guard var rest = payload else { throw Malformed("field \(number) holds no integers") }
      var integers: [Int] = []
      while !rest.isEmpty {
        integers.append(Int(truncatingIfNeeded: try readVarint(&rest)))
      }
      return integers
    }
  }

  private let fields: [Field]

  init(_ message: ArraySlice<UInt8>) throws {
    var rest = message
    var fields: [Field] = []
    while !rest.isEmpty {
      let start = rest.startIndex
      let tag = try readVarint(&rest)
      var (payload, varint): (ArraySlice<UInt8>?, UInt64?)
      switch tag & 7 {
      case 0: varint = try readVarint(&rest)
      case 1: _ = try readBytes(&rest, 8)
      case 2: payload = try readBytes(&rest, Int(clamping: try readVarint(&rest)))
      case 5: _ = try readBytes(&rest, 4)
      default: throw Malformed("wire type \(tag & 7) at byte \(start)")
      }
      fields.append(
        Field(
          number: Int(tag >> 3), bytes: message[start..<rest.startIndex], payload: payload,
          varint: varint))
    }
    self.fields = fields
  }

  func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }
}

private func readBytes(_ rest: inout ArraySlice<UInt8>, _ count: Int) throws -> ArraySlice<UInt8> {
  guard count <= rest.count else { throw Malformed("a message ends early") }
  defer { rest = rest.dropFirst(count) }
  return rest.prefix(count)
}

private func readVarint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
  var value: UInt64 = 0
  var shift: UInt64 = 0
  while let byte = rest.popFirst(), shift < 64 {
    value |= UInt64(byte & 0x7f) << shift
    if byte < 0x80 { return value }
    shift += 7
  }
  throw Malformed("a varint has no end")
}
