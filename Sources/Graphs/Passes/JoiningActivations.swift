import Faults
import Tensors

extension Graph {
  /// Returns the graph with bounds as Clip: Min and Max with one constant, and Relu, Clip, Min and
  /// Max in a row.
  ///
  /// Keeps every value's bits but for the sign of zeros.
  public func joiningBounds(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where !rewriter.isRemoved(index) {
      guard var bounds = rewriter.bounds(index) else { continue }
      var joined = 0
      while let output = rewriter.node(index).outputs.first,
        let reader = rewriter.onlyReader(of: output), let next = rewriter.bounds(reader),
        next.input == output
      {
        bounds.apply(next)
        let final = rewriter.node(reader).outputs[0]
        rewriter.remove(reader)
        rewriter.redirect(index, to: final)
        joined += 1
      }
      let op = rewriter.node(index).op
      guard joined > 0 || op is Min || op is Max, let dtype = rewriter.type(bounds.input)?.dtype
      else { continue }
      var inputs: [ValueID?] = [bounds.input]
      for (role, bound) in [("min", bounds.lower), ("max", bounds.upper)] {
        inputs.append(
          bound.map {
            rewriter.addConstant(
              Tensor(doubles: [$0], as: dtype, []), for: rewriter.node(index), role)
          })
      }
      while inputs.last == .some(nil) { inputs.removeLast() }
      rewriter.replace(index, by: Clip(), inputs)
    }
    return rewriter.finish()
  }

  /// Returns the graph with the parts of an activation joined: x · sigmoid(x) as Swish,
  /// x · HardSigmoid(x) as HardSwish, and x / 2 · (1 + erf(x / √2)) as Gelu.
  ///
  /// Equal up to rounding.
  public func joiningActivations(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where !rewriter.isRemoved(index) {
      guard rewriter.node(index).op is Mul else { continue }
      if !rewriter.joinGate(index) { rewriter.joinGelu(index) }
    }
    return rewriter.finish()
  }
}

/// y = min(max(x, lower), upper).
private struct Bounds {
  var input: ValueID
  var lower: Double?
  var upper: Double?

  /// Lets `next` follow; its lower bound moves an upper bound below it, as in ONNX Clip.
  mutating func apply(_ next: Bounds) {
    if let bound = next.lower {
      lower = max(lower ?? bound, bound)
      upper = upper.map { max($0, bound) }
    }
    if let bound = next.upper {
      upper = min(upper ?? bound, bound)
    }
  }
}

extension Rewriter {
  /// What a node bounds its input to, if that is all it does; Float32 and Float64 only.
  fileprivate func bounds(_ index: Int) -> Bounds? {
    let node = node(index)
    guard node.outputs.count == 1, let output = type(node.outputs[0]),
      output.dtype == .float32 || output.dtype == .float64
    else { return nil }
    switch node.op {
    case is Relu:
      return node.inputs[0].map { Bounds(input: $0, lower: 0) }
    case let clip as Clip:
      guard let input = node.inputs[0] else { return nil }
      var bounds = Bounds(
        input: input, lower: clip.min.map(Double.init), upper: clip.max.map(Double.init))
      for (place, path) in [(1, \Bounds.lower), (2, \Bounds.upper)] {
        guard node.inputs.count > place, let given = node.inputs[place] else { continue }
        guard let scalar = constant(given)?.scalar else { return nil }
        bounds[keyPath: path] = scalar
      }
      return bounds.lower?.isNaN == true || bounds.upper?.isNaN == true ? nil : bounds
    case is Min, is Max:
      guard node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else {
        return nil
      }
      let (x, limit) = constant(a) == nil ? (a, constant(b)?.scalar) : (b, constant(a)?.scalar)
      guard let limit, !limit.isNaN, type(x) == output else { return nil }
      return node.op is Min ? Bounds(input: x, upper: limit) : Bounds(input: x, lower: limit)
    default: return nil
    }
  }

  /// Joins x · gate(x); returns whether it did.
  fileprivate mutating func joinGate(_ index: Int) -> Bool {
    let node = node(index)
    guard node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else {
      return false
    }
    for (x, gate) in [(a, b), (b, a)] {
      guard let producer = producer(of: gate), isRead(gate, onlyBy: index),
        self.node(producer).inputs == [x]
      else { continue }
      let joined: any Operator
      switch self.node(producer).op {
      case is Sigmoid: joined = Swish()
      case let gate as HardSigmoid where gate.beta == 0.5 && abs(gate.alpha - 1 / 6) < 1e-6:
        joined = HardSwish()
      default: continue
      }
      guard fits(joined, [x], outputsOf: index) else { continue }
      replace(index, by: joined, [x])
      remove(producer)
      return true
    }
    return false
  }

  /// Joins the exact Gelu where exporters write it out: (x · (1 + erf(x / √2))) · 0.5, with the half
  /// anywhere in the product.
  fileprivate mutating func joinGelu(_ index: Int) {
    var factors: [ValueID] = []
    var chain: [Int] = []
    var constant = 1.0
    gatherFactors(of: index, isRoot: true, into: &factors, chain: &chain, constant: &constant)
    guard factors.count == 2, abs(constant - 0.5) < 1e-6 else { return }
    for (x, sum) in [(factors[0], factors[1]), (factors[1], factors[0])] {
      guard let parts = onePlusErf(sum, of: x, readBy: chain),
        fits(Gelu(), [x], outputsOf: index)
      else { continue }
      replace(index, by: Gelu(), [x])
      for part in chain.dropFirst() + parts { remove(part) }
      return
    }
  }

  /// Collects what a chain of multiplications multiplies.
  private func gatherFactors(
    of index: Int, isRoot: Bool, into factors: inout [ValueID], chain: inout [Int],
    constant: inout Double
  ) {
    chain.append(index)
    for case .some(let input) in node(index).inputs {
      if let scalar = self.constant(input)?.scalar {
        constant *= scalar
      } else if isRoot, let inner = producer(of: input), node(inner).op is Mul,
        onlyReader(of: input) == index
      {
        gatherFactors(
          of: inner, isRoot: false, into: &factors, chain: &chain, constant: &constant)
      } else {
        factors.append(input)
      }
    }
  }

  /// The nodes that compute 1 + erf(x / √2), if `sum` is that.
  private func onePlusErf(_ sum: ValueID, of x: ValueID, readBy chain: [Int]) -> [Int]? {
    guard let add = producer(of: sum), node(add).op is Add, let reader = onlyReader(of: sum),
      chain.contains(reader), let (erfOutput, one) = splitConstant(add), one == 1,
      let erf = producer(of: erfOutput), node(erf).op is Erf, onlyReader(of: erfOutput) == add,
      let scaled = node(erf).inputs[0], let scale = producer(of: scaled),
      onlyReader(of: scaled) == erf, let (argument, factor) = splitConstant(scale), argument == x
    else { return nil }
    let root = 2.0.squareRoot()
    switch node(scale).op {
    case is Div where node(scale).inputs[0] == x && abs(factor - root) < 1e-5: break
    case is Mul where abs(factor - 1 / root) < 1e-5: break
    default: return nil
    }
    return [add, erf, scale]
  }

  /// The variable and the constant input of a node with one of each.
  private func splitConstant(_ index: Int) -> (ValueID, Double)? {
    let inputs = node(index).inputs
    guard inputs.count == 2, let a = inputs[0], let b = inputs[1] else { return nil }
    if let scalar = constant(b)?.scalar { return (a, scalar) }
    return constant(a)?.scalar.map { (b, $0) }
  }
}
