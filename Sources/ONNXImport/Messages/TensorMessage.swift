import Faults
import Tensors

/// A `TensorProto` as read from the wire: its header, and where or what its elements are.
///
/// Source: onnx.proto3, message TensorProto.
struct TensorMessage {
  var name = ""
  var dims: [Int] = []
  var dataType = 0
  var raw: Range<Int>?
  var floats: [Float] = []
  var doubles: [Double] = []
  /// `int32_data`, `int64_data` or `uint64_data`, whichever is given.
  var ints: [Int] = []
  var intField = 0
  /// Set when the elements lie in another file.
  var external: ExternalElements?
  var isSegment = false
  /// The offset of the message in the file.
  let offset: Int

  init(_ reader: WireReader, offset: Int) throws(Fault) {
    self.offset = offset
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: try reader.appendInts(field, to: &dims)
      case 2: dataType = try reader.int(field)
      case 3: isSegment = true
      case 4: try reader.appendFloats(field, to: &floats)
      case 5, 7, 11:
        guard intField == 0 || intField == field.number else {
          throw reader.malformed(at: field.offset, "a tensor has two lists of elements")
        }
        intField = field.number
        try reader.appendInts(field, to: &ints)
      case 8: name = try reader.string(field)
      case 9: raw = try reader.bytes(field)
      case 10: try reader.appendDoubles(field, to: &doubles)
      case 13:
        var elements = external ?? ExternalElements()
        try elements.read(try reader.message(field))
        external = elements
      case 14:
        if try reader.int(field) != 0 { external = external ?? ExternalElements() }
      default: break
      }
    }
  }
}

extension TensorMessage {
  /// Returns the tensor; raw elements are used where they lie in the file, not copied.
  /// - Parameters:
  ///   - file: The bytes the message was read from.
  ///   - owner: Keeps `file` alive.
  ///   - external: The other files of the model, by the name it gives them.
  /// - Throws: `Fault` with code `model.external_data`, or `model.invalid` when the element type is
  ///   not supported or the elements do not fit the shape.
  func tensor(
    in file: UnsafeRawBufferPointer, owner: AnyObject?, external files: [String: TensorStorage]
  ) throws(Fault) -> Tensor {
    guard !isSegment else { throw invalid("is split into segments, which is not supported") }
    guard let dtype = DType(rawValue: dataType) else {
      throw invalid("has element type \(Self.typeName(dataType)), which is not supported")
    }
    let shape = Shape(dims)
    let count: Int
    do { count = try shape.checkedElementCount() } catch { throw invalid("has \(error.message)") }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype.byteSize)
    guard !overflow else { throw invalid("has a shape too large, \(shape)") }
    let lists = [raw != nil, !floats.isEmpty, !doubles.isEmpty, !ints.isEmpty]
    guard lists.count(where: { $0 }) <= (external == nil ? 1 : 0) else {
      throw invalid("has two lists of elements")
    }
    if let external {
      return try external.tensor(TensorType(dtype, shape), named: name, in: files)
    }
    if let raw {
      guard raw.count == byteCount else {
        throw invalid("has \(raw.count) bytes where \(dtype)\(shape) needs \(byteCount)")
      }
      return rawTensor(TensorType(dtype, shape), in: file, at: raw, owner: owner)
    }
    return try listedTensor(TensorType(dtype, shape), count: count)
  }

  private func rawTensor(
    _ type: TensorType, in file: UnsafeRawBufferPointer, at range: Range<Int>, owner: AnyObject?
  ) -> Tensor {
    // A Bool may hold no other bytes than 0 and 1.
    if type.dtype == .bool { return Tensor(file[range].map { $0 != 0 }, shape: type.shape) }
    guard let start = file.baseAddress, !range.isEmpty else {
      return Tensor(zeros: type.dtype, type.shape)
    }
    let storage = TensorStorage(
      borrowing: UnsafeMutableRawPointer(mutating: start + range.lowerBound),
      byteCount: range.count, owner: owner)
    return Tensor(dtype: type.dtype, shape: type.shape, storage: storage)
  }

  /// The elements of `float_data`, `double_data` or the integer lists, in storage of their own.
  private func listedTensor(_ type: TensorType, count: Int) throws(Fault) -> Tensor {
    let given = floats.count + doubles.count + ints.count
    guard given == count else {
      throw invalid("has \(given) elements where \(type) needs \(count)")
    }
    guard count > 0 else { return Tensor(zeros: type.dtype, type.shape) }
    let expectedInts = Self.intField(of: type.dtype)
    switch type.dtype {
    case .float32 where !floats.isEmpty: return Tensor(floats, shape: type.shape)
    case .float64 where !doubles.isEmpty: return Tensor(doubles, shape: type.shape)
    default:
      guard intField == expectedInts, !ints.isEmpty else {
        throw invalid("keeps its elements in a list of another type than \(type.dtype)")
      }
    }
    return try integerTensor(type)
  }

  private func integerTensor(_ type: TensorType) throws(Fault) -> Tensor {
    let shape = type.shape
    switch type.dtype {
    case .int8: return Tensor(try narrowed(to: Int8.self), shape: shape)
    case .uint8: return Tensor(try narrowed(to: UInt8.self), shape: shape)
    case .int16: return Tensor(try narrowed(to: Int16.self), shape: shape)
    case .uint16: return Tensor(try narrowed(to: UInt16.self), shape: shape)
    case .int32: return Tensor(try narrowed(to: Int32.self), shape: shape)
    case .uint32: return Tensor(try narrowed(to: UInt32.self), shape: shape)
    case .int64: return Tensor(ints.map(Int64.init), shape: shape)
    case .uint64: return Tensor(ints.map { UInt64(bitPattern: Int64($0)) }, shape: shape)
    case .bool: return Tensor(ints.map { $0 != 0 }, shape: shape)
    case .float16:
      return Tensor(
        try narrowed(to: UInt16.self).map { Float16(bitPattern: $0) }, shape: shape)
    case .float32, .float64:
      throw invalid("keeps its elements in a list of integers")
    }
  }

  private func narrowed<T: FixedWidthInteger>(to type: T.Type) throws(Fault) -> [T] {
    var result: [T] = []
    result.reserveCapacity(ints.count)
    for int in ints {
      guard let element = T(exactly: int) else {
        throw invalid("has the element \(int), which its type cannot hold")
      }
      result.append(element)
    }
    return result
  }

  private func invalid(_ what: String) -> Fault {
    Fault(
      .modelInvalid, "byte \(offset): tensor \(name) \(what): export the model again",
      details: ["tensor": .string(name), "offset": .int(offset)])
  }

  /// The field number of the list that holds integers of this type.
  private static func intField(of dtype: DType) -> Int {
    switch dtype {
    case .int64: 7
    case .uint32, .uint64: 11
    default: 5
    }
  }

  /// The ONNX name of an element type, for messages.
  static func typeName(_ dataType: Int) -> String {
    let names = [
      8: "string", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8e4m3fn",
      18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4",
      23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
    ]
    return names[dataType] ?? "number \(dataType)"
  }
}
