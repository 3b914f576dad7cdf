import Faults
import FileAccess
import JSON
import Transfers

extension InputCollector {
  private static let documentLimit = 256 << 20

  /// Adds the items of a manifest, whose form its ending names.
  mutating func readManifest(_ path: RawPath) throws(Fault) {
    switch path.fileExtension {
    case "json": try readDocument(path)
    case "csv": try readTable(path, delimiter: UInt8(ascii: ","))
    case "tsv": try readTable(path, delimiter: 0x09)
    case "jsonl", "ndjson": try readLines(path)
    case nil where path.bytes == [UInt8(ascii: "-")]: try readLines(path)
    default:
      throw Fault(
        .manifestInvalid, "\(path.display): a manifest ends in .jsonl, .json, .csv or .tsv")
    }
  }

  private mutating func readLines(_ path: RawPath) throws(Fault) {
    var reader = try LineReader(path)
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      let number = reader.line
      do throws(Fault) {
        let value = try JSONValue(parsing: line, firstLine: number)
        addManifestItem(value, path: [], base: path.parent, line: number) {
          JSONLocator(line, firstLine: number)
        }
      } catch {
        report(Violation(malformed: error))
      }
    }
  }

  /// Reads the body of an API request: `{"job_type", "model", "inputs": […], "metadata"}`.
  private mutating func readDocument(_ path: RawPath) throws(Fault) {
    let bytes = try readRegularFile(path, limit: Self.documentLimit).bytes
    let value: JSONValue
    do throws(Fault) {
      value = try JSONValue(parsing: bytes)
    } catch {
      return report(Violation(malformed: error))
    }
    let locator = JSONLocator(bytes)
    var fields = JSONFields(value)
    manifestModel = fields.string("model")
    if let type = fields.string("job_type"), type != "inference" {
      fields.report(.paramOutOfRange, "job_type must be inference, not \(type)", at: "job_type")
    }
    if let metadata = fields.value("metadata") {
      do throws(Fault) {
        manifestMetadata = try checkedMetadata(metadata)
      } catch {
        fields.report(error.code, "metadata \(error.message)", at: "metadata")
      }
    }
    let inputs = fields.require("inputs", fields.array("inputs")) ?? []
    if !selection.isLenient { fields.refuseUnknown() }
    for violation in fields.violations { report(violation.located(by: locator)) }
    for (index, input) in inputs.enumerated() {
      let pointer = ["inputs", "\(index)"]
      let line = locator.position(of: jsonPointer(pointer)).line
      addManifestItem(input, path: pointer, base: path.parent, line: line) { locator }
    }
  }

  /// Adds one element of `inputs`.
  mutating func addManifestItem(
    _ value: JSONValue, path: [String], base: RawPath, line: Int, locator: () -> JSONLocator
  ) {
    var fields = JSONFields(value, path: path)
    let item = manifestItem(&fields, base: base)
    if !selection.isLenient { fields.refuseUnknown() }
    if fields.violations.isEmpty, let item {
      add(item, line: line)
    } else if !fields.violations.isEmpty {
      let locator = locator()
      for violation in fields.violations { report(violation.located(by: locator)) }
    }
  }

  private func manifestItem(_ fields: inout JSONFields, base: RawPath) -> InputItem? {
    let id = fields.string("id")
    let isLenient = selection.isLenient
    let given = fields.object("image") { image -> ImageReference? in
      let path = image.string("path")
      let url = image.string("url")
      for key in ["bytes", "storage_id"] where image.value(key) != nil {
        image.report(
          .paramOutOfRange, "\(key) is not read by this version: give image.path or url", at: key)
      }
      _ = image.value("content_md5")
      if !isLenient { image.refuseUnknown() }
      if let url {
        if path == nil { return self.reference(url, &image) }
        image.report(.paramOutOfRange, "path and url exclude each other", at: "url")
        return nil
      }
      return image.require("path", path).map { .file($0) }
    }
    for key in ["classify", "grad_cam", "resize"] where fields.value(key) != nil {
      fields.report(
        .paramOutOfRange, "\(key) for one item is not read by this version: use flags", at: key)
    }
    var item: InputItem
    switch fields.require("image", given) ?? nil {
    case .file(let path):
      if path.isEmpty || path.utf8.contains(0) {
        fields.report(.manifestInvalid, "image.path must be a path", at: "image")
      }
      item = InputItem(
        sequence: builder.nextSequence, id: id ?? path, path: base.relative(RawPath(path)))
    case .url(let url): item = InputItem(sequence: builder.nextSequence, id: id, url: url)
    case nil: return nil
    }
    if let digest = fields.string("sha256") {
      item.sha256 = digest.lowercased()
      if digest.utf8.count != 64 || !digest.utf8.allSatisfy(isHexadecimal) {
        fields.report(.paramOutOfRange, "sha256 must be 64 hexadecimal digits", at: "sha256")
      }
    }
    if let label = fields.string("label") { item.echo["label"] = .string(label) }
    if let metadata = fields.value("metadata") {
      item.echo["metadata"] = metadata
      if metadata.object == nil {
        fields.report(.paramOutOfRange, "metadata must be an object", at: "metadata")
      }
    }
    if id?.isEmpty == true {
      fields.report(.paramOutOfRange, "id must not be empty", at: "id")
    }
    return item
  }
}

/// Where a manifest says that an image is.
private enum ImageReference {
  case file(String)
  case url(WebURL)
}

extension InputCollector {
  private func reference(_ url: String, _ image: inout JSONFields) -> ImageReference? {
    do throws(Fault) {
      return .url(try selection.url(RawPath(url)))
    } catch {
      image.report(error.code, error.message, at: "url")
      return nil
    }
  }
}

extension Violation {
  /// The violation of a text that is not JSON, or not of the form wanted.
  init(malformed fault: Fault) {
    self.init(fault.code, at: "", fault.message)
    if case .string(let pointer)? = fault.details["pointer"] { self.pointer = pointer }
    // The message names line and column already.
    message = fault.message
  }
}

extension RawPath {
  /// The path as seen from this folder, which stays out of it when it is the current one.
  func relative(_ path: RawPath) -> RawPath {
    bytes == [UInt8(ascii: ".")] ? path : appending(path)
  }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  Character(UnicodeScalar(byte)).hexDigitValue != nil && byte < 0x80
}
