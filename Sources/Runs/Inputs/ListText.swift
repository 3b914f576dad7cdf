import Digests
import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// The text that a list of inputs is made of, where nothing else decides what is in it.
///
/// Lists and manifests name their inputs without one being looked at, so that the same text, read in
/// the same way, is the same list. Then the list that a run has frozen stands for it, and a million
/// lines need not be understood again to find that nothing is to do.
struct ListText {
  /// Grows whenever the same text could be read as another list.
  private static let format = 1

  /// The files in the order in which they are read.
  let files: [RawPath]
  private let reading: JSONValue

  /// `nil` for inputs that the file system or a stream decides about, and for documents, which say
  /// more than inputs.
  init?(_ selection: InputSelection) {
    files = [selection.filesFrom, selection.files0From, selection.manifest].compactMap(\.self)
    guard selection.paths.isEmpty, !files.isEmpty, !files.contains(RawPath("-")),
      selection.manifest?.fileExtension != "json"
    else { return nil }
    func text(_ path: RawPath?) -> JSONValue {
      .array((path?.bytes ?? []).map { JSONValue(Int($0)) })
    }
    reading = [
      "format": JSONValue(Self.format),
      "files_from": text(selection.filesFrom), "files0_from": text(selection.files0From),
      "manifest": text(selection.manifest), "in_folder": .bool(selection.folder != nil),
      "lenient": .bool(selection.isLenient), "duplicates": .bool(selection.allowsDuplicates),
      "max_bytes": JSONValue(selection.maxBytes),
    ]
  }

  /// Identifies the text of files with these digests and how it is read.
  func identity(_ digests: [String]) -> String {
    let value: JSONValue = ["reading": reading, "texts": .array(digests.map(JSONValue.string))]
    return SHA256.hex(of: value.encoded())
  }

  /// Identifies the text as the files hold it now.
  func identity() throws(Fault) -> String {
    var digests: [String] = []
    for path in files {
      let file = try Descriptor(opening: path, O_RDONLY | O_NOCTTY)
      var digest = SHA256()
      while true {
        let bytes = try file.readNext(count: 1 << 20)
        if bytes.isEmpty { break }
        digest.update(bytes)
      }
      digests.append(digest.finishHex())
    }
    return identity(digests)
  }
}

extension RunDirectory {
  /// The list of the run that is here, where it was made of the same text in the same way.
  ///
  /// What cannot be read is left to whoever reads it for good.
  func frozenList(_ selection: InputSelection) -> InputList? {
    guard let text = ListText(selection), case .run(let specification, _)? = try? state(),
      let frozen = specification.listText, specification.extensions.isEmpty,
      frozen.identity == (try? text.identity()), var list = try? readInputs(specification)
    else { return nil }
    list.hasMapOptions = frozen.hasMapOptions
    list.text = frozen.identity
    return list
  }
}
