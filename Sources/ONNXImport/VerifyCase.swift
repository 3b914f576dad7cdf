public import Faults
public import Graphs
public import Tensors

/// How far a computed output lies from the expected one.
public struct VerifiedOutput: Sendable {
  public let name: String
  /// Why type or shape differ; `nil` when they agree.
  public let mismatch: String?
  /// Elements outside the tolerance, of `elementCount`.
  public let differing: Int
  public let elementCount: Int
  public let maxAbsoluteDifference: Double

  public var passed: Bool { mismatch == nil && differing == 0 }
}

/// The outcome of one ONNX test case.
public struct VerifyReport: Sendable {
  public let outputs: [VerifiedOutput]

  public var passed: Bool { outputs.allSatisfy(\.passed) }
}

/// The tolerances of a comparison: |actual - expected| <= atol + rtol * |expected|.
public struct Tolerance: Sendable {
  public var rtol: Double
  public var atol: Double

  /// The defaults are those of the ONNX backend tests.
  public init(rtol: Double = 1e-3, atol: Double = 1e-7) {
    self.rtol = rtol
    self.atol = atol
  }
}

/// Runs a specialised graph on its remaining inputs and returns its outputs.
public typealias GraphRunner =
  @Sendable (Graph, [ValueID: Tensor]) throws(Fault) -> [ValueID: Tensor]

/// Runs one case of the ONNX convention: a model, `input_N.pb` and `output_N.pb`.
///
/// Inputs that may decide shapes (integers, booleans, and whatever has rank 0 or 1) are taken as
/// constants, because shapes are inferred before running.
/// - Parameters:
///   - model: The bytes of `model.onnx`.
///   - inputs: The bytes of the inputs, in the order of the graph's inputs.
///   - outputs: The bytes of the expected outputs, in the order of the graph's outputs.
///   - run: What runs the graph; the reference executor unless told otherwise.
/// - Throws: `Fault` when the case cannot be run: code `model.unsupported_operator`,
///   `model.invalid` or `model.external_data`.
public func verify(
  model: [UInt8], inputs: [[UInt8]], outputs: [[UInt8]], tolerance: Tolerance = Tolerance(),
  run: GraphRunner? = nil
) throws(Fault) -> VerifyReport {
  let graph = try importModel(bytes: model).graph
  guard inputs.count <= graph.inputs.count, outputs.count <= graph.outputs.count else {
    throw Fault(
      .modelInvalid,
      "the case has \(inputs.count) inputs and \(outputs.count) outputs, the model"
        + " \(graph.inputs.count) and \(graph.outputs.count)")
  }
  var values: [ValueID: Tensor] = [:]
  var constants: [ValueID: Tensor] = [:]
  for (input, bytes) in zip(graph.inputs, inputs) {
    let tensor = try readTensor(bytes).tensor
    if tensor.shape.rank <= 1 || !tensor.dtype.isFloatingPoint {
      constants[input.value] = tensor
    } else {
      values[input.value] = tensor
    }
  }
  let specialized = try graph.specialized(
    inputShapes: values.mapValues(\.shape), inputConstants: constants)
  let actual: [ValueID: Tensor]
  if let run {
    actual = try run(specialized, values)
  } else {
    actual = try ReferenceExecutor(specialized).run(inputs: values)
  }
  var verified: [VerifiedOutput] = []
  for (id, bytes) in zip(graph.outputs, outputs) {
    let expected = try readTensor(bytes).tensor
    verified.append(
      try compare(actual[id], with: expected, name: graph[id].name, tolerance: tolerance))
  }
  return VerifyReport(outputs: verified)
}

/// Reads a serialised `TensorProto`, such as `input_0.pb`.
/// - Throws: `Fault` with code `model.invalid`.
public func readTensor(_ bytes: [UInt8]) throws(Fault) -> (name: String, tensor: Tensor) {
  let storage = Tensor(bytes, shape: [bytes.count]).storage
  let file = UnsafeRawBufferPointer(start: storage.base, count: bytes.count)
  let message = try TensorMessage(WireReader(file), offset: 0)
  return (message.name, try message.tensor(in: file, owner: storage, external: [:]).aligned())
}

/// Compares element by element as numpy's `assert_allclose`: NaN equals NaN, infinities themselves.
public func compare(
  _ actual: Tensor?, with expected: Tensor, name: String, tolerance: Tolerance
) throws(Fault) -> VerifiedOutput {
  guard let actual else { throw Fault(.internalError, "output \(name) was not computed") }
  guard actual.type == expected.type else {
    return VerifiedOutput(
      name: name, mismatch: "is \(actual.type), expected \(expected.type)", differing: 0,
      elementCount: expected.elementCount, maxAbsoluteDifference: 0)
  }
  guard expected.dtype.isFloatingPoint else {
    let count = expected.differingElements(from: actual)
    return VerifiedOutput(
      name: name, mismatch: nil, differing: count, elementCount: expected.elementCount,
      maxAbsoluteDifference: 0)
  }
  var differing = 0
  var largest = 0.0
  for (a, e) in zip(actual.doubles(), expected.doubles()) where !(a.isNaN && e.isNaN) && a != e {
    let difference = abs(a - e)
    if !(difference <= tolerance.atol + tolerance.rtol * abs(e)) || !difference.isFinite {
      differing += 1
    }
    if !(difference <= largest) { largest = difference }
  }
  return VerifiedOutput(
    name: name, mismatch: nil, differing: differing, elementCount: expected.elementCount,
    maxAbsoluteDifference: largest)
}

extension Tensor {
  /// The elements of a floating-point tensor as doubles.
  fileprivate func doubles() -> [Double] {
    switch dtype {
    case .float64: elements(of: Double.self)
    case .float16: elements(of: Float16.self).map(Double.init)
    default: elements(of: Float.self).map(Double.init)
    }
  }

  fileprivate func differingElements(from other: Tensor) -> Int {
    let size = dtype.byteSize
    let mine = UnsafeRawBufferPointer(start: base, count: byteCount)
    let others = UnsafeRawBufferPointer(start: other.base, count: byteCount)
    defer { withExtendedLifetime((storage, other.storage)) {} }
    return (0..<elementCount).count { index in
      (index * size..<(index + 1) * size).contains { mine[$0] != others[$0] }
    }
  }
}
