public import Faults
import FileAccess
import Images
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// Finds all inputs of a selection, without opening one.
///
/// Paths keep their bytes; a missing one is an item that fails later. Folders are walked in the
/// order of the bytes of the full paths.
/// - Parameter run: a run whose frozen list is taken where the selection is the text it was made of.
/// - Throws: `Fault` with code `manifest.duplicate_id`, `manifest.invalid`, `json.malformed`,
///   `input.not_found` for a list or folder that cannot be read, or `param.missing` when nothing
///   was found.
public func collectInputs(
  _ selection: InputSelection, reusing run: RunDirectory? = nil
) throws(Fault) -> CollectedInputs {
  if let list = run?.frozenList(selection) { return CollectedInputs(list: list) }
  var collector = InputCollector(selection)
  try collector.collect()
  return try collector.finish()
}

struct InputCollector {
  let selection: InputSelection
  var builder: InputListBuilder
  var violations: [Violation] = []
  var violationCount = 0
  var skipped = 0
  var skippedLinks = 0
  var manifestModel: String?
  var manifestMetadata: JSONValue?
  /// The manifest, where it can be read again.
  var manifest: ManifestFile?
  /// The lines of the manifest that items came from, to name them in violations.
  var lines: [Int32] = []
  /// The place of the first item that came from the manifest.
  var firstListed = 0
  /// The digests of the lists and manifests read.
  var digests: [String] = []
  /// Whether a file was looked at to know what its item is.
  private var looksAtFiles = false

  private static let violationLimit = 100

  init(_ selection: InputSelection) {
    self.selection = selection
    self.builder = InputListBuilder(allowsDuplicates: selection.allowsDuplicates)
  }

  mutating func collect() throws(Fault) {
    for path in selection.paths {
      if try stamp(of: path, followingLinks: true)?.kind == .directory {
        try walk(path, below: path.bytes.count)
      } else {
        add(path)
      }
    }
    if let list = selection.filesFrom { try readList(list, separator: 0x0A) }
    if let list = selection.files0From { try readList(list, separator: 0x00) }
    if let manifest = selection.manifest { try readManifest(manifest) }
  }

  mutating func finish() throws(Fault) -> CollectedInputs {
    if var fault = Fault(violations, code: overallCode) {
      if violationCount > 1 {
        fault.message = "\(violations[0].text) (and \(violationCount - 1) more)"
      }
      throw fault.adding("violation_count", .int(violationCount))
    }
    var collected = CollectedInputs(list: builder.finish())
    if !looksAtFiles, let text = ListText(selection), collected.list.isWhole {
      collected.list.text = text.identity(digests)
    }
    collected.skipped = skipped
    collected.skippedLinks = skippedLinks
    collected.manifestModel = manifestModel
    collected.manifestMetadata = manifestMetadata
    guard !collected.list.isEmpty else {
      throw Fault(.inputNotFound, "no input was found\(hint)")
    }
    return collected
  }

  /// What was left out where nothing else was found.
  private var hint: String {
    if skipped > 0 { return ": \(skipped) files are not named like images, see --include" }
    if skippedLinks > 0 { return ": symbolic links in folders are left out, see --follow" }
    return ""
  }

  private var overallCode: Fault.Code {
    let codes = Set(violations.map(\.code))
    if codes.count == 1, let code = codes.first { return code }
    return .manifestInvalid
  }

  mutating func report(_ violation: Violation) {
    violationCount += 1
    if violations.count < Self.violationLimit { violations.append(violation) }
  }

  /// Adds a path given as such.
  mutating func add(_ path: RawPath) {
    guard path.isURL else {
      return addArrays(InputItem(sequence: builder.nextSequence, path: path), line: nil)
    }
    do throws(Fault) {
      let url = try selection.url(path)
      add(InputItem(sequence: builder.nextSequence, url: url), line: nil)
    } catch {
      report(Violation(error.code, at: "", error.message))
    }
  }

  /// Adds an item, or an item for each of the arrays that its file stacks.
  mutating func addArrays(_ item: InputItem, line: Int?) {
    if item.mayStackArrays { looksAtFiles = true }
    let count = selection.stackedArrays(in: item)
    if count == 1 { return add(item, line: line) }
    for index in 0..<count {
      var part = item
      part.sequence = builder.nextSequence
      part.id = "\(item.id)#\(index)"
      part.arrayIndex = index
      add(part, line: line)
    }
  }

  mutating func add(_ item: InputItem, line: Int?) {
    if let earlier = builder.add(item) {
      let listed = earlier - firstListed
      let before = lines.indices.contains(listed) ? ", first on line \(lines[listed])" : ""
      var violation = Violation(
        .manifestDuplicateId, at: "",
        "the id \(printable(item.id)) occurs twice\(before): give each input its own")
      violation.line = line
      report(violation)
    } else if let line {
      lines.append(Int32(clamping: line))
    }
  }

  /// The state of a path; `nil` when there is nothing, or nothing that can be looked at, which is an
  /// item that fails with the reason.
  private func stamp(of path: RawPath, followingLinks: Bool) throws(Fault) -> FileStamp? {
    if let folder = selection.folder { return (try? folder.stamp(of: path)) ?? nil }
    if followingLinks { return (try? FileStamp(of: path)) ?? nil }
    return try FileStamp(of: path, followingLinks: false)
  }

  private func names(in folder: RawPath) throws(Fault) -> [RawPath] {
    if let base = selection.folder { return try base.names(in: folder) }
    return try namesInDirectory(folder)
  }

  /// Adds the images below a folder.
  /// - Parameter root: how many bytes of the path precede what globs look at.
  private mutating func walk(_ folder: RawPath, below root: Int) throws(Fault) {
    var entries: [(path: RawPath, key: [UInt8], isFolder: Bool)] = []
    // A run's own files are nobody's input.
    if RunDirectory.isRun(selection.folder?.path.appending(folder) ?? folder) { return }
    for name in try names(in: folder) {
      if name.bytes.first == UInt8(ascii: "."), !selection.includesHidden { continue }
      let path = folder.appending(name)
      guard let kind = try kind(of: path, below: root) else { continue }
      let isFolder = kind == .directory
      // A folder sorts as its contents do: with a slash at its end.
      entries.append((path, name.bytes + (isFolder ? [UInt8(ascii: "/")] : []), isFolder))
    }
    entries.sort { $0.key.lexicographicallyPrecedes($1.key) }
    for entry in entries {
      if entry.isFolder {
        if selection.isRecursive { try walk(entry.path, below: root) }
      } else if isSelected(entry.path, below: root) {
        add(entry.path)
      }
    }
  }

  /// What to do with an entry of a folder; `nil` to leave it out.
  private mutating func kind(of path: RawPath, below root: Int) throws(Fault) -> FileStamp.Kind? {
    guard let stamp = try stamp(of: path, followingLinks: false) else { return nil }
    switch stamp.kind {
    case .regular, .directory: return stamp.kind
    case .symbolicLink:
      guard selection.folder == nil else { return nil }
      guard selection.followsSymbolicLinks else {
        if isWanted(path, below: root) ?? false { skippedLinks += 1 }
        return nil
      }
      // Links to folders could form a circle.
      guard let target = try FileStamp(of: path), target.kind == .regular else { return nil }
      return .regular
    default: return nil
    }
  }

  private mutating func isSelected(_ path: RawPath, below root: Int) -> Bool {
    if let isWanted = isWanted(path, below: root) { return isWanted }
    skipped += 1
    return false
  }

  /// Whether the name of a file is one to take; `nil` where only its ending speaks against it.
  private func isWanted(_ path: RawPath, below root: Int) -> Bool? {
    let relative = Array(path.bytes.dropFirst(root).drop { $0 == UInt8(ascii: "/") })
    if selection.exclude.contains(where: { $0.matches(relative) }) { return false }
    if !selection.include.isEmpty { return selection.include.contains { $0.matches(relative) } }
    if let ending = path.fileExtension, isImageExtension(ending) { return true }
    return nil
  }

  private mutating func readList(_ path: RawPath, separator: UInt8) throws(Fault) {
    var reader = try LineReader(path, separator: separator)
    while let line = try reader.next() {
      if !line.isEmpty { add(RawPath(bytes: line)) }
    }
    digests.append(reader.digest)
  }
}

/// Whether a file of this ending is meant to be an image, one that can be decoded or not.
private func isImageExtension(_ ending: String) -> Bool {
  imageExtensions.contains(ending)
}

private let imageExtensions: Set<String> = [
  "jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "tif", "tiff", "bmp", "dib", "gif", "webp",
  "heic", "heif", "avif", "jp2", "jxl",
]
