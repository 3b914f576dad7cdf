public import Faults
public import Graphs
public import Tensors

/// A model file as a graph of known operators, with what the file says about itself.
public struct ImportedModel: Sendable {
  /// Nodes in topological order; shapes are not inferred yet.
  public let graph: Graph
  /// The exporter's name and version, such as `pytorch 2.1.0`.
  public let producer: String
  public let irVersion: Int
  /// The version of the default operator set.
  public let opset: Int
  public let metadata: [String: String]
}

/// Reads an ONNX model whose bytes stay where they are: float weights are used in place.
///
/// - Parameters:
///   - bytes: The file, which must not change while `owner` lives.
///   - owner: Keeps `bytes` alive; every tensor of the graph that lies in them retains it.
///   - external: The other files that hold elements, by the names of `externalFileNames`.
/// - Throws: `Fault` with code `model.invalid`, `model.external_data` or
///   `model.unsupported_operator`; the last names every operator and node that cannot run.
public func importModel(
  bytes: UnsafeRawBufferPointer, owner: AnyObject?, external: [String: TensorStorage] = [:]
) throws(Fault) -> ImportedModel {
  let message = try ModelMessage(WireReader(bytes))
  let opset = try checkedOpset(message)
  guard let graph = message.graph else {
    throw Fault(.modelInvalid, "the file has no graph: it is not an ONNX model, or is cut off")
  }
  var builder = GraphAssembly(file: bytes, owner: owner, external: external, opset: opset)
  return ImportedModel(
    graph: try builder.graph(from: graph),
    producer: [message.producerName, message.producerVersion].filter { !$0.isEmpty }
      .joined(separator: " "),
    irVersion: message.irVersion, opset: opset, metadata: message.metadata)
}

/// Reads an ONNX model from a mapped file.
public func importModel(
  mapping: MappedFile, external: [String: TensorStorage] = [:]
) throws(Fault) -> ImportedModel {
  try importModel(bytes: mapping.bytes, owner: mapping, external: external)
}

/// The other files that the model keeps elements in, as it names them, each once.
/// - Throws: `Fault` with code `model.invalid` when the bytes are no model.
public func externalFileNames(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> [String] {
  let message = try ModelMessage(WireReader(bytes))
  var names: [String] = []
  for initializer in message.graph?.initializers ?? [] {
    guard let name = initializer.external?.location, !names.contains(name) else { continue }
    names.append(name)
  }
  return names
}

/// Reads an ONNX model from bytes in memory, which are copied once.
public func importModel(bytes: [UInt8]) throws(Fault) -> ImportedModel {
  let storage = Tensor(bytes, shape: [bytes.count]).storage
  return try importModel(
    bytes: UnsafeRawBufferPointer(start: storage.base, count: bytes.count), owner: storage)
}

/// The IR versions of ONNX 1.2 to 1.23; what they differ in concerns no classifier.
let supportedIRVersions = 3...14

/// From 22 to 28 the operators listed here gained element types and no other meaning.
let supportedOpsets = 7...28

private func checkedOpset(_ message: ModelMessage) throws(Fault) -> Int {
  guard message.irVersion != 0 || message.graph != nil else {
    throw Fault(.modelInvalid, "the file is not an ONNX model: export the network to ONNX")
  }
  guard supportedIRVersions.contains(message.irVersion) else {
    throw Fault(
      .modelInvalid,
      "the model has IR version \(message.irVersion), not one of \(supportedIRVersions)"
        + ": export it again",
      details: ["ir_version": .int(message.irVersion)])
  }
  guard let opset = message.opsets[""] else {
    throw Fault(.modelInvalid, "the model names no version of the default operator set")
  }
  guard supportedOpsets.contains(opset) else {
    throw Fault(
      .modelInvalid,
      "the model uses opset \(opset), not one of \(supportedOpsets): export it with opset 17",
      details: ["opset": .int(opset)])
  }
  return opset
}
