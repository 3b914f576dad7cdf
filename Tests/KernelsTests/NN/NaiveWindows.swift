/// A window operator written out by its definition, over up to three spatial axes.
struct NaiveWindow: Sendable {
  var input: [Int]
  var kernel: [Int]
  var strides: [Int]
  /// The pads before each axis.
  var pads: [Int]
  var dilations: [Int]
  var output: [Int]

  /// All places of a box, row-major.
  static func places(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { places, extent in
      places.flatMap { place in (0..<extent).map { place + [$0] } }
    }
  }

  static func index(_ place: [Int], _ extents: [Int]) -> Int {
    zip(place, extents).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// For each output, what each kernel element sees: an index into the input plane, or nothing.
  func views() -> [[Int?]] {
    Self.places(output).map { out in
      Self.places(kernel).map { tap in
        let place = input.indices.map {
          out[$0] * strides[$0] + tap[$0] * dilations[$0] - pads[$0]
        }
        let isInside = input.indices.allSatisfy { place[$0] >= 0 && place[$0] < input[$0] }
        return isInside ? Self.index(place, input) : nil
      }
    }
  }
}
