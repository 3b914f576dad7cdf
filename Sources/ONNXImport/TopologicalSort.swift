import Faults
import Graphs

/// Returns the nodes in an order in which every value is computed before it is read.
///
/// Nodes that are in order already stay as they are. Runs in O(nodes + inputs), without recursion.
/// - Throws: `Fault` with code `model.invalid` when nodes depend on each other in a circle.
func sortedTopologically(_ nodes: [Node], valueCount: Int) throws(Fault) -> [Node] {
  enum State { case unvisited, open, done }
  var producers = [Int?](repeating: nil, count: valueCount)
  for (index, node) in nodes.enumerated() {
    for output in node.outputs { producers[output.index] = index }
  }
  var state = [State](repeating: .unvisited, count: nodes.count)
  var sorted: [Node] = []
  sorted.reserveCapacity(nodes.count)
  var stack: [(node: Int, nextInput: Int)] = []
  for root in nodes.indices where state[root] == .unvisited {
    state[root] = .open
    stack.append((root, 0))
    while let (index, nextInput) = stack.last {
      let node = nodes[index]
      guard nextInput < node.inputs.count else {
        state[index] = .done
        sorted.append(node)
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].nextInput += 1
      guard let input = node.inputs[nextInput], let producer = producers[input.index] else {
        continue
      }
      switch state[producer] {
      case .done: break
      case .unvisited:
        state[producer] = .open
        stack.append((producer, 0))
      case .open:
        throw Fault(
          .modelInvalid,
          "nodes \(node.name) and \(nodes[producer].name) depend on each other",
          details: ["node": .string(node.name)])
      }
    }
  }
  return sorted
}
