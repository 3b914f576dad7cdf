import Testing

@testable import Attribution

struct ClassActivationMapTests {
  @Test func `normalisation by the maximum cuts negative values off`() {
    let map = ClassActivationMap(height: 1, width: 4, values: [-2, 0, 1, 4])
    #expect(map.normalized(.max) == [0, 0, 0.25, 1])
    #expect(map.normalized(.none) == [0, 0, 1, 4])
    #expect(map.normalized(.fixed(maximum: 2)) == [0, 0, 0.5, 1])
    #expect(map.minimum == -2 && map.maximum == 4 && map.degeneracy == nil)
  }

  @Test func `minmax spreads the rectified map over the whole range`() {
    let map = ClassActivationMap(height: 2, width: 2, values: [1, 2, 3, 5])
    #expect(map.normalized(.minmax) == [0, 0.25, 0.5, 1])
  }

  @Test(arguments: [
    ([-1, -2] as [Float], ClassActivationMap.Degeneracy.allZero),
    ([3, 3], .constant), ([1, .nan], .nonFinite), ([.infinity, 0], .nonFinite),
  ])
  func `a map that says nothing is told apart and never gives NaN`(
    values: [Float], degeneracy: ClassActivationMap.Degeneracy
  ) {
    let map = ClassActivationMap(height: 1, width: 2, values: values)
    #expect(map.degeneracy == degeneracy)
    for mode in [ClassActivationMap.Normalization.max, .minmax, .none] {
      let isFinite = map.normalized(mode).allSatisfy { $0.isFinite }
      #expect(isFinite)
    }
  }

  @Test func `a signed map is scaled by its largest magnitude and keeps its signs`() {
    let map = ClassActivationMap(height: 1, width: 4, values: [-4, 0, 1, 2])
    #expect(map.normalized(.signed) == [-1, 0, 0.25, 0.5])
    #expect(map.magnitude == 4)
    let negative = ClassActivationMap(height: 1, width: 2, values: [-1, -2])
    #expect(negative.normalized(.signed) == [-0.5, -1])
    #expect(negative.degeneracy(under: .signed) == nil && negative.degeneracy == .allZero)
    let empty = ClassActivationMap(height: 1, width: 2, values: [0, 0])
    #expect(empty.normalized(.signed) == [0, 0])
    #expect(empty.degeneracy(under: .signed) == .allZero)
    let broken = ClassActivationMap(height: 1, width: 2, values: [-1, .nan])
    #expect(broken.normalized(.signed) == [0, 0])
  }
}
