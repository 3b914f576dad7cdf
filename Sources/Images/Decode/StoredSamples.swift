/// How an image file stores its pixels, before anything is turned into 8-bit RGB.
public struct StoredSamples: Sendable, Hashable {
  /// Samples of a pixel: 1 for gray and palettes, 2 with alpha, 3, or 4 with alpha and for CMYK.
  public var channels: Int
  /// Bits of a sample; of a palette, those of an index.
  public var bitDepth: Int
  /// Pages of the file at full size.
  public var pages: Int

  init(channels: Int = 3, bitDepth: Int = 8, pages: Int = 1) {
    self.channels = channels
    self.bitDepth = bitDepth
    self.pages = pages
  }
}
