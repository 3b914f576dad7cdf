import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// Forward results worked out by hand, beside the shared conformance cases.
struct ArrayForwardTests {
  @Test func `padding fills by its mode and crops by negative amounts`() throws {
    let x = floats([1, 2, 3], [1, 3])
    let cases: [(Pad, [Float])] = [
      (Pad(pads: [0, 2, 0, 1], value: 9), [9, 9, 1, 2, 3, 9]),
      (Pad(mode: .edge, pads: [0, 2, 0, 1]), [1, 1, 1, 2, 3, 3]),
      (Pad(mode: .reflect, pads: [0, 2, 0, 1]), [3, 2, 1, 2, 3, 2]),
      (Pad(mode: .wrap, pads: [0, 2, 0, 1]), [2, 3, 1, 2, 3, 1]),
      (Pad(pads: [0, -1, 0, 1]), [2, 3, 0]),
    ]
    for (op, expected) in cases { #expect(try run(op, [x]) == expected) }
    let byInput = try run(Pad(), [x, ints(1, 0), floats([7], []), ints(-1)])
    #expect(byInput == [7, 1, 2, 3])
  }

  @Test func `an attribute of an early operator set does what the input does later`() throws {
    let x = floats((0..<6).map(Float.init), [2, 3])
    #expect(
      try run(Slice(starts: [1], ends: [3], axes: [1]), [x])
        == run(Slice(), [x, ints(1), ints(3), ints(1)]))
    #expect(try run(ReduceSum(axes: [1]), [x]) == run(ReduceSum(), [x, ints(1)]))
    #expect(
      try Unsqueeze(axes: [0]).outputs(of: [x])[0].shape
        == Unsqueeze().outputs(of: [x, ints(0)])[0].shape)
    #expect(try run(TopK(k: 2), [x]) == run(TopK(), [x, ints(2)]))
    #expect(try run(Upsample(scales: [1, 2]), [x]) == run(Upsample(), [x, floats([1, 2], [2])]))
  }

  @Test func `nearest resizing picks a neighbour by its rule`() throws {
    let x = floats([0, 1, 2, 3], [4])
    let sizes: [Tensor?] = [x, nil, nil, ints(8)]
    #expect(try run(Resize(), sizes) == [0, 0, 1, 1, 2, 2, 3, 3])
    let rules: [(NearestMode, [Float])] = [
      (.floor, [0, 0, 0, 1, 1, 2, 2, 3]), (.ceil, [0, 1, 1, 2, 2, 3, 3, 3]),
      (.roundPreferFloor, [0, 0, 1, 1, 2, 2, 3, 3]), (.roundPreferCeil, [0, 0, 1, 1, 2, 2, 3, 3]),
    ]
    for (rule, expected) in rules { #expect(try run(Resize(nearestMode: rule), sizes) == expected) }
    let old = Resize(
      coordinateTransformationMode: .asymmetric, nearestMode: .simple, scalesInput: 1)
    let shrunk = try run(old, [floats((0..<8).map(Float.init), [8]), floats([0.6], [1])])
    #expect(shrunk == [0, 2, 4, 5])
  }

  @Test func `linear resizing weighs both neighbours`() throws {
    let x = floats([0, 4, 8], [1, 3])
    let wide: [Tensor?] = [x, nil, nil, ints(1, 6)]
    #expect(try run(Resize(mode: .linear), wide) == [0, 1, 3, 5, 7, 8])
    let corners = Resize(mode: .linear, coordinateTransformationMode: .alignCorners)
    #expect(try run(corners, [x, nil, nil, ints(1, 5)]) == [0, 2, 4, 6, 8])
    let pair: [Tensor?] = [floats([1, 3, 5, 7], [4]), nil, nil, ints(2)]
    #expect(try run(Resize(mode: .linear), pair) == [2, 6])
    #expect(try run(Resize(mode: .linear, antialias: true), pair) == [2.25, 5.75])
  }

  @Test func `the larger part of an uneven split comes first`() throws {
    let x = floats((0..<7).map(Float.init), [7])
    let parts = try Split(numOutputs: 3).outputs(of: [x])
    #expect(parts.map(\.shape) == [[3], [3], [1]])
    #expect(parts[2].elements(of: Float.self) == [6])
  }

  @Test func `powers take exponents of another type`() throws {
    let base = Tensor([2, 3] as [Int32], shape: [2])
    let roots = try Pow().outputs(of: [base, floats([3, 0.5], [2])])[0]
    #expect(roots.elements(of: Int32.self) == [8, 1])
    #expect(try run(Pow(), [floats([2, 3], [2]), ints(3, 2)]) == [8, 9])
  }

  @Test func `sums of products follow their equation`() throws {
    let (a, b) = (floats([1, 2, 3, 4], [2, 2]), floats([5, 6, 7, 8], [2, 2]))
    #expect(try run(Einsum(equation: "ij,jk->ik"), [a, b]) == [19, 22, 43, 50])
    #expect(try run(Einsum(equation: "ij, jk"), [a, b]) == [19, 22, 43, 50])
    #expect(try run(Einsum(equation: "ii->"), [a]) == [5])
    #expect(try run(Einsum(equation: "...j->...j"), [a]) == [1, 2, 3, 4])
    #expect(try run(Einsum(equation: "ij,jk,kl->l"), [a, b, b]) == [814, 948])
  }

  @Test func `generators write their pattern`() throws {
    #expect(
      try run(RangeOperator(), [floats([5], []), floats([0], []), floats([-2], [])]) == [5, 3, 1])
    #expect(
      try run(OneHot(axis: 0), [ints(1, -1, 7), ints(3), floats([0, 1], [2])])
        == [0, 0, 0, 1, 0, 0, 0, 1, 0])
    #expect(try run(Trilu(upper: false), [floats([1, 2, 3, 4], [2, 2])]) == [1, 0, 3, 4])
    #expect(try run(EyeLike(k: 1), [floats([0, 0, 0, 0], [2, 2])]) == [0, 1, 0, 0])
    let places = try NonZero().outputs(of: [floats([0, 2, 3, 0], [2, 2])])[0]
    #expect(places.elements(of: Int64.self) == [0, 1, 1, 0])
  }

  private func run(_ op: any Operator, _ inputs: [Tensor?]) throws -> [Float] {
    try op.outputs(of: inputs)[0].elements(of: Float.self)
  }

  private func floats(_ values: [Float], _ shape: Shape) -> Tensor { Tensor(values, shape: shape) }

  private func ints(_ values: Int64...) -> Tensor { Tensor(values, shape: [values.count]) }
}
