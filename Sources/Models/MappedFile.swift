import Faults
import Files
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// Maps a file into memory; the mapping lives as long as the storage.
func mapFile(_ path: RawPath) throws(Fault) -> TensorStorage {
  let file: Descriptor
  do throws(Fault) {
    file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
  } catch {
    throw error.code == .inputNotFound
      ? Fault(.modelNotFound, "there is no model file \(path.display): check the path") : error
  }
  let stamp = try file.status()
  guard stamp.kind == .regular, stamp.size > 0 else {
    throw Fault(
      .modelInvalid, "\(path.display) is \(stamp.size == 0 ? "empty" : stamp.kind.rawValue)")
  }
  let base = mmap(nil, stamp.size, PROT_READ, MAP_PRIVATE, file.number, 0)
  guard let base, base != MAP_FAILED else {
    throw Fault(errno: errno, "cannot map \(path.display)")
  }
  return TensorStorage(
    borrowing: base, byteCount: stamp.size, owner: Mapping(base: base, byteCount: stamp.size))
}

private final class Mapping {
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int

  init(base: UnsafeMutableRawPointer, byteCount: Int) {
    self.base = base
    self.byteCount = byteCount
  }

  deinit {
    munmap(base, byteCount)
  }
}
