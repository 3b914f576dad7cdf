import Faults
import Graphs

/// Makes the operator of every node, and tells of all that cannot run at once.
struct OperatorResolution {
  let file: UnsafeRawBufferPointer
  let owner: AnyObject?
  let opset: Int

  /// Returns the operator of each node; `nil` for a Constant, which needs none, and for an If.
  func operators(of nodes: [NodeMessage]) throws(Fault) -> [(any Operator)?] {
    var operators: [(any Operator)?] = []
    var refused: [(node: NodeMessage, reason: String?)] = []
    var firstFault: Fault?
    for node in nodes {
      do throws(Fault) {
        operators.append(try makeOperator(of: node))
      } catch {
        operators.append(nil)
        if error.code == .modelUnsupportedOperator {
          refused.append((node, Self.table(for: node) == nil ? nil : error.message))
        } else if firstFault == nil {
          firstFault = error
        }
      }
    }
    if !refused.isEmpty { throw Self.fault(refused) }
    if let firstFault { throw firstFault }
    return operators
  }

  private func makeOperator(of node: NodeMessage) throws(Fault) -> (any Operator)? {
    if ["Constant", "If"].contains(node.opType), Self.isDefault(node.domain) { return nil }
    guard let build = Self.table(for: node) else {
      throw Fault(.modelUnsupportedOperator, "operator \(Self.fullName(node)) is not supported")
    }
    var values: [String: AttributeValue] = [:]
    for attribute in node.attributes {
      guard !attribute.isReference else {
        throw Fault(
          .modelInvalid,
          "node \(node.name): attribute \(attribute.name) refers to a function's parameter")
      }
      guard
        values.updateValue(attribute.value(in: file, owner: owner), forKey: attribute.name)
          == nil
      else {
        throw Fault(
          .modelInvalid, "node \(node.name): attribute \(attribute.name) is given twice")
      }
    }
    return try build(
      NodeAttributes(
        node: node.name, opType: node.opType, opset: opset, values: values,
        inputCount: node.inputs.count, outputCount: node.outputs.count))
  }

  private static func table(for node: NodeMessage) -> OperatorBuilder? {
    operatorTable[fullName(node)]
  }

  static func isDefault(_ domain: String) -> Bool {
    domain.isEmpty || domain == "ai.onnx"
  }

  private static func fullName(_ node: NodeMessage) -> String {
    isDefault(node.domain) ? node.opType : "\(node.domain)::\(node.opType)"
  }

  /// One fault that names every refused operator and node.
  private static func fault(_ refused: [(node: NodeMessage, reason: String?)]) -> Fault {
    let operators = Set(refused.map { fullName($0.node) }).sorted()
    let named = refused.prefix(5).map { "\($0.node.name) (\(fullName($0.node)))" }
    let rest = refused.count > named.count ? " and \(refused.count - named.count) more" : ""
    let reasons = Set(refused.compactMap(\.reason)).sorted()
    let message =
      "the model uses operators that are not supported: \(operators.joined(separator: ", "))"
      + "; nodes \(named.joined(separator: ", "))\(rest)"
      + (reasons.isEmpty ? "" : "; \(reasons.joined(separator: "; "))")
      + ": export the model without them"
    return Fault(
      .modelUnsupportedOperator, message,
      details: [
        "operators": .array(operators.map { .string($0) }),
        "nodes": .array(refused.map { .string($0.node.name) }),
      ])
  }
}
