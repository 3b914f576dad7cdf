/// A map from 0...1 to colours.
public enum Colormap: String, Sendable, Hashable, CaseIterable {
  case jet, turbo, viridis, magma, inferno, gray
  /// Diverging: the middle has no hue.
  case coolwarm, bwr

  /// 256 R, G, B entries.
  public var table: [UInt8] {
    switch self {
    case .jet: Self.jetTable
    case .turbo: Self.turboTable
    case .viridis: Self.viridisTable
    case .magma: Self.magmaTable
    case .inferno: Self.infernoTable
    case .gray: Self.grayTable
    case .coolwarm: Self.coolwarmTable
    case .bwr: Self.bwrTable
    }
  }

  private static let grayTable = tabulate { v in [v, v, v] }

  /// The ramps of MATLAB's and OpenCV's jet: trapezoids a quarter apart.
  private static let jetTable = tabulate { v in
    [3, 2, 1].map { centre in 1.5 - abs(4 * v - centre) }
  }

  /// Matplotlib's: blue to white, white to red.
  private static let bwrTable = tabulate { v in [2 * v, min(2 * v, 2 - 2 * v), 2 - 2 * v] }

  private static func tabulate(_ colour: (Double) -> [Double]) -> [UInt8] {
    (0..<256).flatMap { entry in
      colour(Double(entry) / 255).map { UInt8((min(max($0, 0), 1) * 255).rounded()) }
    }
  }

  // Every fifth entry of the published tables, RRGGBB; straight lines between them stay within
  // 1/255 of the others, of coolwarm 2/255. Turbo: A. Mikhailov, "Turbo, An Improved Rainbow Colormap for
  // Visualization" (2019). Coolwarm: K. Moreland, "Diverging Color Maps for Scientific
  // Visualization" (2009). The others: S. van der Walt and N. Smith, matplotlib (public domain).

  private static let turboTable = interpolate(
    """
    30123b36215f3b2f803f3e9c424bb54559cb4666dd4773eb4680f6458cfd4099ff38a5fb2fb2f4\
    27bee91fc9dd1ad4d018ddc21ae4b622ebaa2ff19b3ff68a52fa7a65fd6979fe598bff4b9cfe40\
    a9fb39b7f735c3f134d0ea34dbe236e5d938eecf3af5c53afaba39fdae35fea130fe932afc8423\
    f9751df46617ef5811e84b0ce14109d83706ce2d04c32503b71d02a916019b0f018b09027a0403
    """)

  private static let viridisTable = interpolate(
    """
    44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a\
    3a538b38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d\
    20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac864\
    65cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725
    """)

  private static let magmaTable = interpolate(
    """
    00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a1079\
    52137c5a167e6219806a1c81721f81792282812581892881912b81992d80a1307eaa337db2357b\
    ba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f1605df4695cf7725cf97b5dfb8560\
    fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf
    """)

  private static let infernoTable = interpolate(
    """
    00000402020c0504170a072210092d160b391e0c45260c512f0a5b380962400a67490b6a510e6c\
    59106e61136e69166e71196e781c6d801f6c88226a902568982766a02a63a82e5fb0315bb73557\
    bf3952c63d4dcc4248d34743d94d3ddf5337e45a31e9612bed6925f1711ff47918f78212f98b0b\
    fa9407fb9d07fca60cfcb014fbba1ffac42af8cd37f6d746f4e156f2ea69f2f27df5f992fcffa4
    """)

  private static let coolwarmTable = interpolate(
    """
    3b4cc04055c8465ecf4c66d6536edd5977e35f7fe86687ed6c8ff17396f57a9df881a4fb88abfd\
    8fb1fe96b7ff9dbdffa3c2feaac7fdb1cbfcb7cff9bed2f6c4d5f3cad8efcfdaead5dbe5dadce0\
    dfdbd9e4d9d2e9d5cbedd2c3f0cdbbf2c9b4f5c4acf6bea4f7b89cf7b194f7aa8cf6a385f59c7d\
    f39475f08b6eed8366e97a5fe57058e16751dc5d4ad65244d0473dca3b37c32e31bb1b2cb40426
    """)

  private static func interpolate(_ knots: String) -> [UInt8] {
    let digits: [Int] = knots.utf8.map { Int($0) - ($0 < 0x3A ? 0x30 : 0x57) }
    let bytes: [Int] = (0..<digits.count / 2).map { digits[2 * $0] * 16 + digits[2 * $0 + 1] }
    var table: [UInt8] = []
    for entry in 0..<256 {
      let (knot, step) = entry.quotientAndRemainder(dividingBy: 5)
      for channel in 0..<3 {
        let below = bytes[knot * 3 + channel]
        let above = step == 0 ? below : bytes[knot * 3 + 3 + channel]
        table.append(UInt8((below * (5 - step) + above * step + 2) / 5))
      }
    }
    return table
  }
}
