import FileAccess
import Tensors

#if canImport(Glibc)
import Glibc
#endif

extension InputItem {
  /// Whether the file has to be looked at to know how many items it holds.
  var mayStackArrays: Bool { isFile && path.fileExtension == "npy" }
}

extension InputSelection {
  /// The most arrays of one file that become items.
  static let stackedLimit = 1 << 20

  /// How many arrays an item's file stacks, each an item of its own; 1 for everything else, also for
  /// files that cannot be read, whose item fails with the reason.
  func stackedArrays(in item: InputItem) -> Int {
    guard item.mayStackArrays else { return 1 }
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
    let opened = try? folder?.open(item.path, flags) ?? Descriptor(opening: item.path, flags)
    guard let file = opened, let stamp = try? file.regularStatus(),
      let prefix = try? file.read(at: 0, count: NPYLayout.prefixBytes),
      let layout = try? NPYLayout(prefix), layout.byteCount > 0,
      stamp.size == layout.start + layout.byteCount,
      (1...Self.stackedLimit).contains(layout.stackedCount)
    else { return 1 }
    return layout.stackedCount
  }
}
