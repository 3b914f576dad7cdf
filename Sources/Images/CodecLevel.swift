internal import CImageCodecs

/// The instruction sets that the C kernels know; every one gives the same bytes.
enum CodecLevel {
  /// The widest one of this machine: 0 none, 1 AVX2, 2 AVX-512, 3 AVX-512 with VBMI and VNNI.
  static let best = ic_best_level()
}
