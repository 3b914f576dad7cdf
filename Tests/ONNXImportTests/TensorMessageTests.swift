import Faults
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

struct TensorMessageTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let code: Fault.Code

    init(
      _ name: String, type: Int = 1, dims: [Int] = [2], code: Fault.Code = .modelInvalid,
      _ body: (inout ProtobufWriter) -> Void
    ) {
      self.testDescription = name
      self.bytes = TensorMessageTests.tensor(type: type, dims: dims, body)
      self.code = code
    }
  }

  static let refused: [Case] = [
    Case("raw data too short") { $0.raw(9, [0, 0, 0, 0]) },
    Case("raw data too long") { $0.raw(9, [UInt8](repeating: 0, count: 12)) },
    Case("no elements") { _ in },
    Case("float_data too short") { $0.float(4, 1) },
    Case("two lists of elements") {
      $0.float(4, 1)
      $0.float(4, 1)
      $0.raw(9, [UInt8](repeating: 0, count: 8))
    },
    Case("two integer lists", type: 7) {
      $0.packed(5, [1])
      $0.packed(7, [1])
    },
    Case("a negative extent", dims: [-2]) { $0.raw(9, []) },
    Case("an element count that overflows", dims: [1 << 32, 1 << 32]) { $0.raw(9, []) },
    Case("a byte count that overflows", type: 11, dims: [1 << 61]) { $0.raw(9, []) },
    Case("an int8 that does not fit", type: 3) { $0.packed(5, [1, 200]) },
    Case("a list of the wrong type", type: 7) { $0.packed(5, [1, 2]) },
    Case("floats for an integer", type: 6) {
      $0.float(4, 1)
      $0.float(4, 1)
    },
    Case("strings", type: 8) { $0.string(6, "x") },
    Case("bfloat16", type: 16) { $0.raw(9, [0, 0, 0, 0]) },
    Case("a type of no name", type: 99) { $0.raw(9, [0, 0]) },
    Case("segments") { $0.message(3) { $0.int(1, 0) } },
    Case("external data by its location", code: .modelExternalData) { $0.int(14, 1) },
    Case("external data by its entries", code: .modelExternalData) {
      $0.message(13) {
        $0.string(1, "location")
        $0.string(2, "../../etc/passwd")
      }
    },
  ]

  @Test(arguments: refused)
  func `a tensor that does not hold together is refused`(case: Case) {
    do throws(Fault) {
      _ = try readTensor(`case`.bytes)
      Issue.record("accepted")
    } catch {
      #expect(error.code == `case`.code)
    }
  }

  @Test
  func `raw data is little-endian and keeps its bits`() throws {
    let bytes = Self.tensor(type: 1, dims: [3]) {
      $0.raw(9, rawBytes([1.5, -0.0, .nan] as [Float]))
    }
    let tensor = try readTensor(bytes).tensor
    #expect(
      tensor.elements(of: Float.self).map(\.bitPattern) == [0x3fc0_0000, 0x8000_0000, 0x7fc0_0000])
  }

  @Test
  func `typed lists are read into their element types`() throws {
    let float16 = try readTensor(
      Self.tensor(type: 10, dims: [2]) { $0.packed(5, [0x3c00, 0xc000]) })
    #expect(float16.tensor.elements(of: Float16.self) == [1, -2])
    let int8 = try readTensor(Self.tensor(type: 3, dims: [2]) { $0.packed(5, [-128, 127]) })
    #expect(int8.tensor.elements(of: Int8.self) == [-128, 127])
    let uint64 = try readTensor(Self.tensor(type: 13, dims: [1]) { $0.packed(11, [-1]) })
    #expect(uint64.tensor.elements(of: UInt64.self) == [.max])
    let double = try readTensor(Self.tensor(type: 11, dims: []) { $0.double(10, 0.1) })
    #expect(double.tensor.elements(of: Double.self) == [0.1])
    let bool = try readTensor(Self.tensor(type: 9, dims: [3]) { $0.raw(9, [0, 1, 2]) })
    #expect(bool.tensor.elements(of: Bool.self) == [false, true, true])
  }

  @Test
  func `a tensor without elements keeps its type`() throws {
    let tensor = try readTensor(Self.tensor(type: 7, dims: [0, 4]) { _ in }).tensor
    #expect(tensor.type == TensorType(.int64, [0, 4]))
  }

  static func tensor(
    type: Int, dims: [Int], _ body: (inout ProtobufWriter) -> Void
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.packed(1, dims)
    writer.int(2, type)
    writer.string(8, "t")
    body(&writer)
    return writer.bytes
  }
}
