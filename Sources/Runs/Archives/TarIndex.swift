import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// An archive of heatmaps that can be read by the names of its members.
final class TarIndex {
  /// Where the contents of a member lie.
  struct Place: Hashable {
    var offset: Int
    var size: Int
  }

  /// In the order of the archive, up to the first damage.
  private(set) var names: [String] = []
  private var places: [String: Place] = [:]
  /// Whether the archive is whole: sound headers, its end, and nothing after it.
  private(set) var isWhole = false
  private let file: Descriptor

  /// Reads the headers of an archive; `nil` when there is none.
  init?(_ path: RawPath) throws(Fault) {
    guard try FileStamp(of: path, followingLinks: false)?.kind == .regular else { return nil }
    file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
    let size = try file.status().size
    var offset = 0
    var known: (path: [UInt8]?, size: Int?) = (nil, nil)
    while let header = TarFormat.parse(try file.read(at: offset, count: TarFormat.block)) {
      offset += TarFormat.block
      switch header {
      case .end:
        isWhole = offset + TarFormat.block == size
        return
      case .records(let length):
        guard length < 1 << 20,
          let records = TarFormat.records(try file.read(at: offset, count: length))
        else { return }
        known = records
        offset += length + TarFormat.padding(length).count
      case .member(let name, let short):
        let length = known.size ?? short
        guard offset + length <= size else { return }
        let name = String(decoding: known.path ?? name, as: UTF8.self)
        known = (nil, nil)
        names.append(name)
        places[name] = Place(offset: offset, size: length)
        offset += length + TarFormat.padding(length).count
      }
    }
  }

  func place(of name: String) -> Place? { places[name] }

  func read(_ place: Place) throws(Fault) -> [UInt8] {
    try file.read(at: place.offset, count: place.size)
  }
}
