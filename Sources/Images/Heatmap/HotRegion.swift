/// Finds the largest connected region of a picture whose values reach a threshold.
///
/// Pixels that touch at a side or a corner are connected; of regions of one size the one with the
/// first pixel, row by row, counts.
/// - Parameter values: `width * height` numbers, row by row.
/// - Returns: the smallest rectangle around the region; `nil` when no value reaches the threshold.
public func largestRegion(
  of values: [Float], width: Int, height: Int, threshold: Float
) -> PixelRect? {
  precondition(values.count == width * height)
  var isOpen = values.map { $0 >= threshold }
  var best: (count: Int, box: PixelRect)?
  for start in isOpen.indices where isOpen[start] {
    var (left, right, top, bottom) = (width, 0, height, 0)
    var count = 0
    var waiting = [start]
    isOpen[start] = false
    while let pixel = waiting.popLast() {
      let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
      count += 1
      (left, right) = (min(left, x), max(right, x))
      (top, bottom) = (min(top, y), max(bottom, y))
      for nearY in max(y - 1, 0)...min(y + 1, height - 1) {
        for nearX in max(x - 1, 0)...min(x + 1, width - 1) where isOpen[nearY * width + nearX] {
          isOpen[nearY * width + nearX] = false
          waiting.append(nearY * width + nearX)
        }
      }
    }
    if count > best?.count ?? 0 {
      best = (
        count, PixelRect(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
      )
    }
  }
  return best?.box
}
