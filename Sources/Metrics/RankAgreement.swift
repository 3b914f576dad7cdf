/// How far two rankings of the same classes agree.
public enum RankAgreement {
  /// Kendall's tau-b of two lists of scores, from -1 to 1; 1 for lists without any order.
  ///
  /// A pair that is tied in both lists counts for nothing, one tied in a single list against it.
  public static func kendallTau(_ first: [Float], _ second: [Float]) -> Double {
    precondition(first.count == second.count)
    var (agreeing, opposed, tiedFirst, tiedSecond) = (0, 0, 0, 0)
    for i in first.indices {
      for j in 0..<i {
        let a = first[i] == first[j] ? 0 : first[i] > first[j] ? 1 : -1
        let b = second[i] == second[j] ? 0 : second[i] > second[j] ? 1 : -1
        switch (a, b) {
        case (0, 0): break
        case (0, _): tiedFirst += 1
        case (_, 0): tiedSecond += 1
        default: if a == b { agreeing += 1 } else { opposed += 1 }
        }
      }
    }
    let pairs = Double(agreeing + opposed)
    let scale = ((pairs + Double(tiedFirst)) * (pairs + Double(tiedSecond))).squareRoot()
    return scale > 0 ? Double(agreeing - opposed) / scale : tiedFirst + tiedSecond == 0 ? 1 : 0
  }

  /// The places of the highest scores, ties in the order of the places.
  public static func top(_ scores: [Float], count: Int) -> [Int] {
    let order = scores.indices.sorted {
      scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1]
    }
    return Array(order.prefix(count))
  }
}
