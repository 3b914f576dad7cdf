public import Faults
public import FileAccess
import JSON

/// A model in a repository: its versions and the names that stand for them.
public struct ModelEntry: Sendable {
  public let name: String
  public let folder: RawPath
  /// Folder names in the order of their bytes.
  public let versions: [String]
  /// Version names by alias.
  public private(set) var aliases: [String: String] = [:]
  /// The version or alias that the bare name stands for.
  public private(set) var defaultReference: String?

  init(name: String, folder: RawPath, versions: [String]) {
    self.name = name
    self.folder = folder
    self.versions = versions
  }

  /// A version, with one of its calibrations or the version's own.
  struct Choice: Hashable {
    var version: String
    var calibration: String?
  }

  /// The parts of `VERSION+CALIBRATION`; `nil` for a text without both.
  static func splitCalibration(
    _ reference: String
  ) -> (version: String, calibration: String)? {
    guard let plus = reference.lastIndex(of: "+"), plus > reference.startIndex else { return nil }
    let calibration = reference[reference.index(after: plus)...]
    return calibration.isEmpty ? nil : (String(reference[..<plus]), String(calibration))
  }

  /// Returns the version that a version name, an alias or nothing stands for, each of which may be
  /// followed by `+` and a calibration; an alias may stand for a version with a calibration.
  /// - Throws: `Fault` with code `model.not_found`.
  func choice(_ reference: String?) throws(Fault) -> Choice {
    if let reference = reference ?? defaultReference, !versions.contains(reference) {
      let target = aliases[reference] ?? reference
      if !versions.contains(target), let (version, name) = Self.splitCalibration(target) {
        return Choice(version: try self.version(plain(version)), calibration: name)
      }
    }
    return Choice(version: try version(reference), calibration: nil)
  }

  /// The version that an alias of a version with a calibration stands for; other names as they are.
  private func plain(_ reference: String) -> String {
    guard !versions.contains(reference), let target = aliases[reference],
      !versions.contains(target), let (version, _) = Self.splitCalibration(target)
    else { return reference }
    return versions.contains(version) ? version : reference
  }

  /// Returns the version alone that a reference stands for; nothing stands for the default.
  /// - Throws: `Fault` with code `model.not_found`.
  public func version(of reference: String?) throws(Fault) -> String {
    try choice(reference).version
  }

  /// Returns the version that a version name, an alias or nothing stands for.
  private func version(_ reference: String?) throws(Fault) -> String {
    guard let reference = reference ?? defaultReference else {
      if versions.count == 1 { return versions[0] }
      throw Fault(
        .modelNotFound,
        "\(name) has no default version: name one of \(versions.joined(separator: ", "))",
        details: ["versions": .array(versions.map { .string($0) })])
    }
    let version = aliases[reference] ?? reference
    if versions.contains(reference) { return reference }
    if versions.contains(version) { return version }
    let known = (versions + aliases.keys.sorted()).joined(separator: ", ")
    throw Fault(
      .modelNotFound, "\(name) has no version or alias \(printable(reference)): there are \(known)",
      details: ["model": .string(name), "version": .string(reference)])
  }

  mutating func readAliases(_ value: JSONValue, _ path: RawPath) throws(Fault) {
    var fields = JSONFields(value)
    defaultReference = fields.string("default")
    if let members = fields.value("aliases")?.object {
      aliases = members.compactMapValues(\.string)
      if aliases.count != members.count {
        fields.report(.modelInvalid, "aliases must map names to versions", at: "aliases")
      }
    }
    if let fault = Fault(fields.violations, code: .modelInvalid) {
      throw fault.prefixed(path.display)
    }
  }
}
