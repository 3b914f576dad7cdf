import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Makes the archives of a run whose items are done: the members in the order of the inputs.
///
/// An archive takes its members from the packs, or from the archive of the same name that it
/// replaces; each is durable before the packs go.
struct HeatmapArchives {
  let directory: RunDirectory
  let itemsPerArchive: Int
  let isDurable: Bool
  /// Whether archives are made anew that hold what they should.
  var rebuildsAll = false

  func write(_ journals: JournalSet) throws(Fault) {
    let files = HeatmapFiles(directory)
    var first = 0
    var hasWritten = false
    while first < journals.index.count {
      let end = min(first + itemsPerArchive, journals.index.count)
      let name = HeatmapLayout.archiveName(first / itemsPerArchive)
      let artefacts = try artefacts(journals, first..<end)
      first = end
      if artefacts.isEmpty {
        try removeFile(directory.path.appending(name))
        continue
      }
      if !rebuildsAll, try isCurrent(name, artefacts, files) { continue }
      try write(artefacts, to: name, files)
      files.reset()
      hasWritten = true
    }
    if hasWritten, isDurable { try synchronizeDirectory(directory.heatmaps) }
    try removeTree(directory.packs)
  }

  private func artefacts(
    _ journals: JournalSet, _ range: Range<Int>
  ) throws(Fault) -> [Artefact] {
    var artefacts: [Artefact] = []
    for sequence in range {
      guard let (record, line) = try journals.read(sequence) else { continue }
      artefacts += record.files(in: line)?.artefacts ?? []
    }
    return artefacts
  }

  /// Whether an archive holds all that belongs into it, and nothing is newer.
  private func isCurrent(
    _ name: String, _ artefacts: [Artefact], _ files: HeatmapFiles
  ) throws(Fault) -> Bool {
    for artefact in artefacts {
      if let place = artefact.place, try files.isPacked(artefact, place) { return false }
    }
    guard let index = try files.index(of: name), index.isWhole else { return false }
    return index.names == artefacts.map { HeatmapLayout.member($0.path)?.member ?? "" }
  }

  private func write(
    _ artefacts: [Artefact], to name: String, _ files: HeatmapFiles
  ) throws(Fault) {
    let temporary = directory.temporary.appending("archive")
    let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
    for artefact in artefacts {
      guard let (_, member) = HeatmapLayout.member(artefact.path),
        let bytes = try files.read(artefact)
      else {
        throw Fault(
          .runCorrupt,
          "\(printable(artefact.path)) is lost or has changed: infercam runs verify --repair sets "
            + "the items aside that are concerned")
      }
      try file.write(TarFormat.header(member, size: bytes.count))
      try file.write(bytes)
      try file.write(TarFormat.padding(bytes.count))
    }
    try file.write(TarFormat.end)
    if isDurable { try file.synchronize() }
    try file.close()
    try renameFile(temporary, to: directory.path.appending(name))
  }
}
