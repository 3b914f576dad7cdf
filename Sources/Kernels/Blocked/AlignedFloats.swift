/// Floats on a 64-byte boundary, written once by their owner's initialiser.
final class AlignedFloats: @unchecked Sendable {
  // Safety: filled before the owner is published, read-only afterwards.
  let base: UnsafeMutablePointer<Float>
  let count: Int

  /// Zeros, so that padding lanes are finite whatever the packing leaves out.
  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    self.base = memory.initializeMemory(as: Float.self, repeating: 0, count: max(count, 1))
    self.count = count
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
