/// Writes protobuf bytes field by field, right or wrong, for parser tests.
public struct ProtobufWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Writes a field's tag alone.
  public mutating func tag(_ number: Int, wireType: UInt64) {
    varint(UInt64(number) << 3 | wireType)
  }

  public mutating func int(_ number: Int, _ value: Int) {
    tag(number, wireType: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  public mutating func float(_ number: Int, _ value: Float) {
    tag(number, wireType: 5)
    append(value.bitPattern)
  }

  public mutating func double(_ number: Int, _ value: Double) {
    tag(number, wireType: 1)
    append(value.bitPattern)
  }

  public mutating func raw(_ number: Int, _ value: [UInt8]) {
    tag(number, wireType: 2)
    varint(UInt64(value.count))
    bytes += value
  }

  public mutating func string(_ number: Int, _ value: String) {
    raw(number, Array(value.utf8))
  }

  /// Writes a nested message.
  public mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    raw(number, inner.bytes)
  }

  /// Writes a packed repeated integer field.
  public mutating func packed(_ number: Int, _ values: [Int]) {
    var inner = ProtobufWriter()
    for value in values { inner.varint(UInt64(bitPattern: Int64(value))) }
    raw(number, inner.bytes)
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
