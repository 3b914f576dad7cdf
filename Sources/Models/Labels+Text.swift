import Faults
public import JSON

extension Labels {
  /// The labels in the form of `labels.json`.
  public var json: JSONValue {
    [
      "version": .string(version),
      "classes": .array(
        classes.map { ["id": .string($0.id), "label": .string($0.label)] }),
    ]
  }

  /// Reads `labels.json`: an object with `version` and `classes`, or an array of labels.
  ///
  /// - Throws: `Fault` with code `json.malformed` or `model.invalid`.
  init(json bytes: [UInt8], defaultVersion: String) throws(Fault) {
    let value = try JSONValue(parsing: bytes)
    if let words = value.array {
      let labels = words.compactMap(\.string)
      guard labels.count == words.count else {
        throw Fault(.modelInvalid, "labels must be strings")
      }
      self.init(labels: labels, version: defaultVersion)
    } else {
      var fields = JSONFields(value)
      let version = fields.string("version") ?? defaultVersion
      let entries = fields.require("classes", fields.array("classes")) ?? []
      fields.refuseUnknown()
      var violations = fields.violations
      var classes: [Class] = []
      for (index, entry) in entries.enumerated() {
        var fields = JSONFields(entry, path: ["classes", "\(index)"])
        let id = fields.string("id") ?? "\(index)"
        let label = fields.require("label", fields.string("label")) ?? ""
        fields.refuseUnknown()
        violations += fields.violations
        classes.append(Class(id: id, label: label))
      }
      let locator = JSONLocator(bytes)
      if let fault = Fault(violations.map { $0.located(by: locator) }, code: .modelInvalid) {
        throw fault
      }
      self.init(version: version, classes: classes)
    }
    try refuseDuplicateIDs()
  }

  /// Reads one label per line; an empty line at the end is no label.
  init(text bytes: [UInt8], version: String) throws(Fault) {
    var labels: [String] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      let trimmed = line.last == 0x0D ? line.dropLast() : line
      guard let label = String(validating: trimmed, as: UTF8.self) else {
        throw Fault(.modelInvalid, "line \(index + 1) is not valid UTF-8")
      }
      labels.append(label)
    }
    if labels.last == "" { labels.removeLast() }
    if let empty = labels.firstIndex(of: "") {
      throw Fault(.modelInvalid, "line \(empty + 1) is empty: give one label per line")
    }
    self.init(labels: labels, version: version)
  }

  /// Classes with their index as id.
  init(labels: [String], version: String) {
    self.init(
      version: version,
      classes: labels.enumerated().map { Class(id: "\($0.offset)", label: $0.element) })
  }

  private func refuseDuplicateIDs() throws(Fault) {
    var seen: Set<[UInt8]> = []
    for (index, entry) in classes.enumerated() where !seen.insert(Array(entry.id.utf8)).inserted {
      throw Fault(
        .modelInvalid, "the class id \(entry.id) occurs twice, again at index \(index)",
        details: ["index": .int(index)])
    }
  }
}
