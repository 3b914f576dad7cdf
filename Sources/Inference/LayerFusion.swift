import Attribution
import Images
import Requests

extension ClassActivationMap {
  /// Fuses the maps of several layers: each is scaled by its own maximum after ReLU (signed maps by
  /// their largest magnitude), interpolated over the largest grid, and they are averaged, or the
  /// strongest value of each place is taken.
  ///
  /// A map that is zero everywhere counts as zeros; one that is not finite makes the whole so.
  init(fusing maps: [ClassActivationMap], by fuse: GradCAMOptions.Fuse, isSigned: Bool) {
    let size = PixelSize(
      width: maps.map(\.width).max() ?? 1, height: maps.map(\.height).max() ?? 1)
    let placement = HeatmapPlacement(filling: size)
    var fused = [Float](repeating: 0, count: size.width * size.height)
    for map in maps {
      guard map.degeneracy != .nonFinite else {
        fused = [Float](repeating: .nan, count: fused.count)
        break
      }
      let scaled = placement.sample(
        map.normalized(isSigned ? .signed : .max), width: map.width, height: map.height)
      switch fuse {
      case .mean: for place in fused.indices { fused[place] += scaled[place] }
      case .max:
        for place in fused.indices where abs(scaled[place]) > abs(fused[place]) {
          fused[place] = scaled[place]
        }
      }
    }
    if fuse == .mean { fused = fused.map { $0 / Float(maps.count) } }
    self.init(height: size.height, width: size.width, values: fused)
  }
}
