import InfercamTestSupport
import Tensors
import Testing

@testable import Attribution

struct EigenCAMTests {
  @Test(arguments: [(3, 2, 5), (12, 2, 3)])
  func `a plane that every channel repeats is found whichever side is larger`(
    channels: Int, height: Int, width: Int
  ) {
    // Channel c is c + 1 times the plane, plus its own constant: the component is the plane without
    // its mean, times the length of the factors.
    var numbers = SeededTensors(seed: 11)
    let plane = (0..<(height * width)).map { _ in numbers.number() }
    let mean = plane.reduce(0, +) / Double(plane.count)
    let factors = (1...channels).map(Double.init)
    let activations = factors.flatMap { factor in plane.map { Float(factor * $0 + 7 - factor) } }
    let map = Tensor(activations, shape: [1, channels, height, width]).principalProjection()
    let length = factors.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect([map.height, map.width] == [height, width])
    #expect(relativeDifference(map.values, plane.map { Float(($0 - mean) * length) }) < 1e-5)
  }

  @Test func `the stronger of two patterns wins and shows up positive`() {
    // The second channel varies more and is brightest in the last place.
    let activations = Tensor([1, 0, 1, 0, 0, 1, 2, 9] as [Float], shape: [1, 2, 2, 2])
    let map = activations.principalProjection()
    #expect(map.values.indices.max { map.values[$0] < map.values[$1] } == 3)
    let negated = activations.copy()
    negated.withMutableElements(of: Float.self) { elements in
      for index in elements.indices { elements[index].negate() }
    }
    let opposite = negated.principalProjection()
    #expect(opposite.values.indices.min { opposite.values[$0] < opposite.values[$1] } == 3)
  }

  @Test(arguments: [(Float(2), ClassActivationMap.Degeneracy.allZero), (.nan, .nonFinite)])
  func `activations without any pattern say so`(
    value: Float, degeneracy: ClassActivationMap.Degeneracy
  ) {
    let activations = Tensor([Float](repeating: value, count: 12), shape: [1, 3, 2, 2])
    #expect(activations.principalProjection().degeneracy == degeneracy)
  }
}
