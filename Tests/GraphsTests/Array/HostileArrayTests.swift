import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// An operator with inputs that no model should have.
struct HostileCase: CustomTestStringConvertible, Sendable {
  let name: String
  let op: any Operator
  let inputs: [Tensor?]

  init(_ name: String, _ op: any Operator, _ inputs: [Tensor?]) {
    self.name = name
    self.op = op
    self.inputs = inputs
  }

  var testDescription: String { name }
}

struct HostileArrayTests {
  @Test(arguments: shapeCases + valueCases)
  func `an impossible parameter is a fault, never a trap`(_ test: HostileCase) {
    do throws(Fault) {
      _ = try test.op.outputs(of: test.inputs)
      Issue.record("\(test.name) was accepted")
    } catch {
      #expect(error.code == .modelInvalid)
    }
  }

  @Test func `a shape that depends on run-time values is refused by name`() {
    let facts: [ValueFact?] = [
      ValueFact(TensorType(.float32, [2, 3])), ValueFact(TensorType(.int64, [1])),
    ]
    for op in [Reshape(), Expand(), Unsqueeze()] as [any Operator] {
      let fault = #expect(throws: Fault.self) { try op.outputTypes(facts) }
      #expect(fault?.message.contains("run-time values") == true)
    }
  }

  @Test func `bounds beyond every extent are clamped`() throws {
    let x = Tensor((0..<6).map(Float.init), shape: [6])
    let cases: [(Int, Int, Int, [Float])] = [
      (.min, .max, 1, [0, 1, 2, 3, 4, 5]), (.max, .min, -1, [5, 4, 3, 2, 1, 0]),
      (2, .max, .max, [2]), (5, .min, .min, [5]), (4, 2, 1, []), (-9, -9, 1, []),
      (-1, -7, -2, [5, 3, 1]),
    ]
    for (start, end, step, expected) in cases {
      let y = try Slice().outputs(of: [x, ints(start), ints(end), ints(0), ints(step)])[0]
      #expect(y.elements(of: Float.self) == expected)
    }
  }

  private static let x = Tensor((0..<6).map(Float.init), shape: [2, 3])

  static let shapeCases: [HostileCase] = [
    HostileCase("Reshape to another count", Reshape(), [x, ints(4, 2)]),
    HostileCase("Reshape with two unknowns", Reshape(), [x, ints(-1, -1)]),
    HostileCase("Reshape to a negative extent", Reshape(), [x, ints(-2, -3)]),
    HostileCase("Reshape that overflows", Reshape(), [x, ints(1 << 40, 1 << 40)]),
    HostileCase("Reshape copying no axis", Reshape(), [x, ints(2, 3, 0)]),
    HostileCase("Reshape by floats", Reshape(), [x, x]),
    HostileCase("Flatten outside the rank", Flatten(axis: 9), [x]),
    HostileCase("Squeeze of a full axis", Squeeze(axes: [0]), [x]),
    HostileCase("Unsqueeze twice at one place", Unsqueeze(axes: [0, 0]), [x]),
    HostileCase("Expand to a negative extent", Expand(), [x, ints(-1, 2, 3)]),
    HostileCase("Expand beyond the limit", Expand(), [x, ints(1 << 40, 2, 3)]),
    HostileCase("Tile that overflows", Tile(), [x, ints(.max, 2)]),
    HostileCase("Tile with a negative count", Tile(), [x, ints(-1, 2)]),
    HostileCase("ConstantOfShape beyond the limit", ConstantOfShape(), [ints(1 << 20, 1 << 20)]),
    HostileCase("ConstantOfShape hidden by zero", ConstantOfShape(), [ints(0, 1 << 40, 1 << 40)]),
    HostileCase("Pad that overflows", Pad(pads: [.max, 0, 1, 0]), [x]),
    HostileCase("Pad that crops all and more", Pad(pads: [-3, 0, 0, 0]), [x]),
    HostileCase("Pad with too few amounts", Pad(pads: [1]), [x]),
    HostileCase("Range without end", RangeOperator(), [scalar(0), scalar(1), scalar(0)]),
    HostileCase("Range beyond the limit", RangeOperator(), [scalar(0), scalar(1e12), scalar(1)]),
    HostileCase("Split that does not add up", Split(split: [1, 2], numOutputs: 2), [x]),
    HostileCase("Split that overflows", Split(split: [.max, .max], numOutputs: 2), [x]),
    HostileCase("Concat of other ranks", Concat(axis: 0), [x, ints(1)]),
    HostileCase("Transpose by no permutation", Transpose(perm: [0, 0]), [x]),
    HostileCase("Resize to nothing", Resize(), [x, nil, scales(0, 1)]),
    HostileCase("Resize beyond the limit", Resize(), [x, nil, scales(1e9, 1e9)]),
    HostileCase("Resize by no number", Resize(), [x, nil, scales(.nan, 1)]),
    HostileCase("DepthToSpace by zero", DepthToSpace(blocksize: 0), [x]),
    HostileCase("OneHot without depth", OneHot(), [ints(1), ints(0), scales(0, 1)]),
    HostileCase("TopK of too many", TopK(k: 4), [x]),
    HostileCase("reduction of a missing axis", ReduceSum(axes: [2]), [x]),
    HostileCase("Einsum of unknown axes", Einsum(equation: "ij->ik"), [x]),
    HostileCase("Einsum without arrow", Einsum(equation: "ij-"), [x]),
  ]

  static let valueCases: [HostileCase] = [
    HostileCase("Gather outside", Gather(axis: 1), [x, ints(3)]),
    HostileCase("Gather far below", Gather(axis: 1), [x, ints(.min)]),
    HostileCase("GatherElements outside", GatherElements(), [x, indices([2, 0, 0])]),
    HostileCase("GatherND outside", GatherND(), [x, indices([0, 3])]),
    HostileCase("ScatterND outside", ScatterND(), [x, indices([2, 0]), scales(1)]),
    HostileCase("Slice by step zero", Slice(), [x, ints(0), ints(1), ints(0), ints(0)]),
    HostileCase("division by zero", Div(), [ints(1), ints(0)]),
    HostileCase("Mul of two types", Mul(), [x, ints(1)]),
    HostileCase("Add of other shapes", Add(), [x, scales(1, 2)]),
    HostileCase("a missing input", Add(), [x]),
  ]

  private static func ints(_ values: Int...) -> Tensor {
    Tensor(values.map(Int64.init), shape: [values.count])
  }

  private func ints(_ value: Int) -> Tensor { Tensor([Int64(value)], shape: [1]) }

  private static func indices(_ values: [Int64]) -> Tensor {
    Tensor(values, shape: [1, values.count])
  }

  private static func scalar(_ value: Double) -> Tensor { Tensor(scalar: value) }

  private static func scales(_ values: Float...) -> Tensor {
    Tensor(values, shape: [values.count])
  }
}
