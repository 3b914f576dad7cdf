import Faults
import InfercamTestSupport
import Testing

@testable import ONNXImport

struct WireReaderTests {
  struct Malformed: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let offset: Int

    init(_ name: String, _ bytes: [UInt8], at offset: Int) {
      self.testDescription = name
      self.bytes = bytes
      self.offset = offset
    }
  }

  static let malformed: [Malformed] = [
    Malformed("a tag is cut off", [0x80], at: 0),
    Malformed(
      "a varint of eleven bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [1], at: 1),
    Malformed(
      "a varint beyond 64 bits", [0x08] + [UInt8](repeating: 0xff, count: 9) + [2], at: 1),
    Malformed("a varint is cut off", [0x08, 0x80], at: 1),
    Malformed("a fixed32 is cut off", [0x0d, 1, 2, 3], at: 1),
    Malformed("a fixed64 is cut off", [0x09, 1, 2, 3, 4, 5, 6, 7], at: 1),
    Malformed("a length beyond the end", [0x0a, 5, 1, 2], at: 1),
    Malformed(
      "a length of 2^64 - 1", [0x0a] + [UInt8](repeating: 0xff, count: 9) + [1, 0], at: 1),
    Malformed("a group begins", [0x0b], at: 0),
    Malformed("a group ends", [0x0c], at: 0),
    Malformed("wire type 6", [0x0e], at: 0),
    Malformed("field number 0", [0x00, 0x00], at: 0),
    Malformed("a second field is damaged", [0x08, 1, 0x0f], at: 2),
  ]

  @Test(arguments: malformed)
  func `malformed bytes are refused with their offset`(case: Malformed) throws {
    let fault = try #require(Self.readAll(`case`.bytes))
    #expect(fault.code == .modelInvalid)
    #expect(fault.details["offset"] == .int(`case`.offset))
  }

  @Test
  func `the largest varint and every wire type are read`() throws {
    var writer = ProtobufWriter()
    writer.int(1, -1)
    writer.float(2, 1.5)
    writer.double(3, -2.5)
    writer.string(4, "caf\u{e9}")
    try writer.bytes.withUnsafeBytes { buffer in
      var reader = WireReader(buffer)
      let int = try #require(try reader.next())
      #expect(try reader.int(int) == -1)
      let float = try #require(try reader.next())
      #expect(try reader.float(float) == 1.5)
      var doubles: [Double] = []
      let double = try #require(try reader.next())
      try reader.appendDoubles(double, to: &doubles)
      #expect(doubles == [-2.5])
      let string = try #require(try reader.next())
      #expect(try reader.string(string) == "caf\u{e9}")
      #expect(try reader.next() == nil)
    }
  }

  @Test
  func `packed and unpacked lists read alike`() throws {
    var writer = ProtobufWriter()
    writer.packed(1, [1, 300, -7])
    writer.int(1, 5)
    try writer.bytes.withUnsafeBytes { buffer in
      var reader = WireReader(buffer)
      var ints: [Int] = []
      while let field = try reader.next() { try reader.appendInts(field, to: &ints) }
      #expect(ints == [1, 300, -7, 5])
    }
  }

  @Test
  func `a text that is not UTF-8 is refused`() throws {
    var writer = ProtobufWriter()
    writer.raw(1, [0xff, 0xfe])
    try writer.bytes.withUnsafeBytes { buffer in
      var reader = WireReader(buffer)
      let field = try #require(try reader.next())
      #expect(throws: Fault.self) { try reader.string(field) }
    }
  }

  @Test(arguments: [(WireReader.depthLimit, true), (WireReader.depthLimit + 1, false)])
  func `messages may be nested to the limit only`(depth: Int, isAccepted: Bool) {
    var bytes: [UInt8] = []
    for _ in 0..<depth {
      var writer = ProtobufWriter()
      writer.raw(1, bytes)
      bytes = writer.bytes
    }
    #expect((Self.descend(bytes) == nil) == isAccepted)
  }

  private static func readAll(_ bytes: [UInt8]) -> Fault? {
    bytes.withUnsafeBytes { buffer in
      var reader = WireReader(buffer)
      do throws(Fault) {
        while try reader.next() != nil {}
        return nil
      } catch {
        return error
      }
    }
  }

  /// Follows field 1 down to the innermost message.
  private static func descend(_ bytes: [UInt8]) -> Fault? {
    bytes.withUnsafeBytes { buffer in
      var reader = WireReader(buffer)
      do throws(Fault) {
        while let field = try reader.next() { reader = try reader.message(field) }
        return nil
      } catch {
        return error
      }
    }
  }
}
