/// Returns the word that was probably meant; `nil` when none is near.
public func nearest(to word: String, among candidates: [String]) -> String? {
  let wanted = Array(word.utf8)
  let tolerance = max(1, wanted.count / 3)
  let ranked = candidates.map { (distance: editDistance(wanted, Array($0.utf8)), word: $0) }
  let best = ranked.min { $0.distance < $1.distance }
  if let best, best.distance <= tolerance { return best.word }
  return word.utf8.count > 3 ? candidates.first { $0.hasPrefix(word) } : nil
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two words.
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforePrevious[j - 1] + 1)
      }
      row.append(cost)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.count]
}
