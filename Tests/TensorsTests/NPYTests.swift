import Faults
import Tensors
import Testing

struct NPYTests {
  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  static func file(_ header: String, version: UInt8 = 1, body: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(text.count >> (8 * $0) & 255) }
    return magic + [version, 0] + length + text + body
  }

  static func decode(_ bytes: [UInt8]) throws -> Tensor {
    try bytes.withUnsafeBytes { try NPY.decode($0) }
  }

  @Test func `the header is NumPy's and the elements are aligned`() {
    let bytes = NPY.encode(Tensor([1.5 as Float, -2], shape: [2]))
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    #expect(Array(bytes[..<10]) == Self.magic + [1, 0, 118, 0])
    #expect(String(decoding: bytes[10..<10 + header.utf8.count], as: UTF8.self) == header)
    #expect(bytes.count == 128 + 8)
    #expect(bytes[127] == 0x0A)
    #expect(Array(bytes[128...]) == [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0])
  }

  @Test(arguments: [Shape([]), [1], [0], [3, 4], [2, 0, 5], [2, 3, 4, 5]])
  func `every shape comes back`(_ shape: Shape) throws {
    let values = (0..<shape.elementCount).map { Float($0) * 0.25 }
    let back = try Self.decode(NPY.encode(Tensor(values, shape: shape)))
    #expect(back.shape == shape)
    #expect(back.elements(of: Float.self) == values)
  }

  @Test(arguments: DType.allCases)
  func `every element type comes back`(_ dtype: DType) throws {
    let tensor = Tensor(zeros: dtype, [5])
    let back = try Self.decode(NPY.encode(tensor))
    #expect(back.dtype == dtype)
    #expect(NPY.encode(back) == NPY.encode(tensor))
  }

  @Test func `versions 2 and 3 and other spellings are read`() throws {
    for version in [2, 3] as [UInt8] {
      let bytes = Self.file(
        "{\"shape\":(2,1),\"fortran_order\": False , \"descr\": \"|u1\"}\n", version: version,
        body: [7, 9])
      let tensor = try Self.decode(bytes)
      #expect(tensor.shape == [2, 1])
      #expect(tensor.elements(of: UInt8.self) == [7, 9])
    }
  }

  static let refusals: [(bytes: [UInt8], code: Fault.Code)] = [
    ([], .imageInvalidFormat),
    (file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), .imageInvalidFormat),
    (
      file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
      .imageInvalidFormat
    ),
    (file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }"), .mediaUnsupported),
    (file("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"), .mediaUnsupported),
    (file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }"), .mediaUnsupported),
    (file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"), .imageDecodingFailed),
    (
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", body: [1, 2]),
      .imageDecodingFailed
    ),
    (file("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }"), .imageInvalidFormat),
    (file("{'descr': '|u1', 'fortran_order': False, 'shape': 1, }"), .imageInvalidFormat),
    (file("{'descr': '|u1', 'fortran_order': False, 'shape': (1), }"), .imageInvalidFormat),
    (file("{'descr': '|u1', 'fortran_order': False}"), .imageInvalidFormat),
    (file("{'descr': '|u1', 'descr': '|u1', 'shape': ()}"), .imageInvalidFormat),
    (
      file(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}"),
      .imageInvalidFormat
    ),
    (
      file("{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}", body: [2]),
      .imageInvalidFormat
    ),
    (file("import os", version: 4), .imageInvalidFormat),
  ]

  @Test func `anything else is refused with its code`() {
    for (bytes, code) in Self.refusals {
      let fault = #expect(throws: Fault.self) { try Self.decode(bytes) }
      #expect(fault?.code == code, "\(String(decoding: bytes.dropFirst(10), as: UTF8.self))")
    }
  }

  @Test func `every prefix is an error`() {
    let bytes = NPY.encode(Tensor([1 as Int64, 2, 3], shape: [3]))
    for length in 0..<bytes.count {
      #expect(throws: Fault.self) { try Self.decode(Array(bytes[..<length])) }
    }
  }
}
