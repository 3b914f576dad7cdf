import Faults
import FileAccess
import JSON

extension InputCollector {
  private static let documentLimit = 256 << 20

  /// Adds the items of a manifest, whose form its ending names.
  mutating func readManifest(_ path: RawPath) throws(Fault) {
    firstListed = builder.nextSequence
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

  /// The folder that relative paths of a manifest start from.
  func base(of manifest: RawPath) -> RawPath {
    selection.folder == nil ? manifest.parent : RawPath(".")
  }

  private mutating func readLines(_ path: RawPath) throws(Fault) {
    var reader = try LineReader(path, longLines: selection.longLines, code: .jsonMalformed)
    manifest = reader.isStandardInput ? nil : ManifestFile(path)
    let base = base(of: path)
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      addLine(line, number: reader.line, at: reader.lineOffset, base: base)
    }
    digests.append(reader.digest)
  }

  /// Adds the item of a line.
  /// - Parameter offset: where the line starts in the manifest.
  mutating func addLine(_ line: [UInt8], number: Int, at offset: Int, base: RawPath) {
    let value: JSONValue
    do throws(Fault) {
      value = try JSONValue(parsing: line, firstLine: number)
    } catch {
      return report(Violation(malformed: error))
    }
    if line.count > LineReader.lineLimit, value["image"]?["bytes"] == nil {
      return report(
        Violation(
          .jsonMalformed, line: number,
          "the line is longer than \(LineReader.lineLimit) bytes and holds no image"))
    }
    let locator = Deferred { JSONLocator(line, firstLine: number) }
    add(
      ManifestElement(
        value: value, base: base, line: number, locate: { $0.located(by: locator.value) },
        range: { pointer in
          locator.value.offset(of: pointer).map { start in
            let token = stringToken(in: line, at: start)
            return (token.lowerBound + offset)..<(token.upperBound + offset)
          }
        }))
  }

  /// Reads the body of an API request: `{"job_type", "model", "inputs": […], "metadata"}`.
  private mutating func readDocument(_ path: RawPath) throws(Fault) {
    let bytes = try readRegularFile(path, limit: Self.documentLimit).bytes
    manifest = ManifestFile(path)
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
    let base = base(of: path)
    for (index, input) in inputs.enumerated() {
      let pointer = ["inputs", "\(index)"]
      add(
        ManifestElement(
          value: input, path: pointer, base: base,
          line: locator.position(of: jsonPointer(pointer)).line,
          locate: { $0.located(by: locator) },
          range: { locator.offset(of: $0).map { stringToken(in: bytes, at: $0) } }))
    }
  }

  /// Adds one element of `inputs`.
  mutating func add(_ element: ManifestElement) {
    var fields = JSONFields(element.value, path: element.path)
    let image = imageReference(&fields, element)
    let item = self.item(&fields, image)
    if !selection.isLenient { fields.refuseUnknown() }
    for violation in fields.violations { report(element.locate(violation)) }
    guard fields.violations.isEmpty, let item else { return }
    addArrays(item, line: element.line)
  }

  /// Where the base64 of an element is found again.
  func embeddedText(_ text: String, _ element: ManifestElement) -> EmbeddedText {
    let pointer = jsonPointer(element.path + ["image", "bytes"])
    if let manifest, let range = element.range(pointer) {
      return EmbeddedText(text, .file(manifest, range))
    }
    return EmbeddedText(text, .memory(Array(text.utf8)))
  }
}

/// One element of a manifest's inputs with its place.
struct ManifestElement {
  var value: JSONValue
  /// The reference tokens that lead to the value.
  var path: [String] = []
  /// The folder that a relative path starts from.
  var base: RawPath
  var line: Int
  /// Adds the place of a violation.
  var locate: (Violation) -> Violation
  /// Where the JSON of a string stands in the manifest, by its pointer.
  var range: (String) -> Range<Int>? = { _ in nil }
}

extension Violation {
  /// The violation of a text that is not JSON, or not of the form wanted.
  init(malformed fault: Fault) {
    self.init(fault.code, at: "", fault.message)
    if case .string(let pointer)? = fault.details["pointer"] { self.pointer = pointer }
    // The message names line and column already.
    message = fault.message
  }

  init(_ code: Fault.Code, line: Int, at pointer: String = "", _ message: String) {
    self.init(code, at: pointer, message)
    self.line = line
  }
}

extension RawPath {
  /// The path as seen from this folder, which stays out of it when it is the current one.
  func relative(_ path: RawPath) -> RawPath {
    bytes == [UInt8(ascii: ".")] ? path : appending(path)
  }
}

/// A value that is made when it is first asked for.
private final class Deferred<Value> {
  private let make: () -> Value
  private(set) lazy var value = make()

  init(_ make: @escaping () -> Value) {
    self.make = make
  }
}
