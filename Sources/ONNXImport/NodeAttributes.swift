import Faults
import Tensors

/// The value of a node's attribute.
enum AttributeValue: Sendable {
  case int(Int)
  case ints([Int])
  case float(Float)
  case floats([Float])
  case string(String)
  case strings([String])
  case tensor(Tensor)
  case graph
  /// A value of a type that is not supported, with the fault to throw when it is read.
  case unreadable(Fault)
}

/// Reads the attributes of one node by name, with the defaults of the operator's specification.
struct NodeAttributes: Sendable {
  /// The node's name, for messages.
  let node: String
  let opType: String
  /// The version of the operator set the model imports for this node's domain.
  let opset: Int
  let values: [String: AttributeValue]
  let inputCount: Int
  let outputCount: Int

  func int(_ name: String) throws(Fault) -> Int? {
    guard let value = values[name] else { return nil }
    guard case .int(let int) = value else { throw mismatch(name, "an int") }
    return int
  }

  func int(_ name: String, default defaultValue: Int) throws(Fault) -> Int {
    try int(name) ?? defaultValue
  }

  func bool(_ name: String, default defaultValue: Bool) throws(Fault) -> Bool {
    try int(name).map { $0 != 0 } ?? defaultValue
  }

  func ints(_ name: String) throws(Fault) -> [Int]? {
    guard let value = values[name] else { return nil }
    guard case .ints(let ints) = value else { throw mismatch(name, "a list of ints") }
    return ints
  }

  func float(_ name: String, default defaultValue: Float) throws(Fault) -> Float {
    try float(name) ?? defaultValue
  }

  func float(_ name: String) throws(Fault) -> Float? {
    guard let value = values[name] else { return nil }
    guard case .float(let float) = value else { throw mismatch(name, "a float") }
    return float
  }

  func floats(_ name: String) throws(Fault) -> [Float]? {
    guard let value = values[name] else { return nil }
    guard case .floats(let floats) = value else { throw mismatch(name, "a list of floats") }
    return floats
  }

  func string(_ name: String, default defaultValue: String) throws(Fault) -> String {
    guard let value = values[name] else { return defaultValue }
    guard case .string(let string) = value else { throw mismatch(name, "a string") }
    return string
  }

  func tensor(_ name: String) throws(Fault) -> Tensor? {
    guard let value = values[name] else { return nil }
    if case .unreadable(let fault) = value { throw invalid(fault.message) }
    guard case .tensor(let tensor) = value else { throw mismatch(name, "a tensor") }
    return tensor
  }

  /// A fault that names the node.
  func invalid(_ message: String) -> Fault {
    Fault(
      .modelInvalid, "node \(node) (\(opType)): \(message)",
      details: ["node": .string(node), "operator": .string(opType)])
  }

  private func mismatch(_ name: String, _ expected: String) -> Fault {
    invalid("attribute \(name) is not \(expected): export the model again")
  }
}
