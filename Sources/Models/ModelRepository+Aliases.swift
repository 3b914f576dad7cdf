public import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// What `model.json` can be made to say.
public enum AliasChange: Sendable, Hashable {
  case set(alias: String, version: String)
  case remove(alias: String)
  /// The version or alias that the bare name stands for.
  case setDefault(String)
}

extension ModelRepository {
  /// Changes the aliases of a model in one step, with other editors kept out meanwhile.
  ///
  /// Readers see the old names or the new ones.
  /// - Returns: the model with its new names.
  /// - Throws: `Fault` with code `model.not_found` for a version or alias that is not there,
  ///   `param.out_of_range` for a name that cannot be an alias.
  public func change(_ name: String, _ changes: [AliasChange]) throws(Fault) -> ModelEntry {
    let folder = try entry(named: name).folder
    let lock = try Descriptor(opening: folder.appending(".lock"), O_RDWR | O_CREAT | O_NOFOLLOW)
    defer { withExtendedLifetime(lock) {} }
    try Self.wait(for: lock, of: name, folder.appending("model.json"))
    let entry = try entry(named: name)
    let path = folder.appending("model.json")
    var members =
      try FileStamp(of: path) == nil
      ? [:] : try Self.parse(try Self.read(path), path).object ?? [:]
    var aliases = entry.aliases
    var standard = entry.defaultReference
    for change in changes {
      switch change {
      case .set(let alias, let version):
        guard isPlainName(alias), !alias.utf8.contains(UInt8(ascii: "@")),
          !entry.versions.contains(alias)
        else {
          throw Fault(
            .paramOutOfRange,
            "\(printable(alias)) cannot be an alias: it is the name of a version, or holds / or @")
        }
        let calibrated = ModelEntry.splitCalibration(version)
        guard
          entry.versions.contains(version)
            || calibrated.map({ entry.versions.contains($0.version) }) == true
        else {
          throw Fault(
            .modelNotFound,
            "\(name) has no version \(printable(version)): there are "
              + entry.versions.joined(separator: ", "))
        }
        if let calibrated, !entry.versions.contains(version) {
          // An alias stands for what can be loaded.
          _ = try resolve("\(name)@\(calibrated.version)+\(calibrated.calibration)")
        }
        aliases[alias] = version
      case .remove(let alias):
        guard aliases.removeValue(forKey: alias) != nil else {
          throw Fault(.modelNotFound, "\(name) has no alias \(printable(alias))")
        }
        if standard == alias {
          throw Fault(
            .resourceVersionConflict,
            "\(alias) is the default of \(name): choose another default first")
        }
      case .setDefault(let reference):
        guard entry.versions.contains(reference) || aliases[reference] != nil else {
          throw Fault(.modelNotFound, "\(name) has no version or alias \(printable(reference))")
        }
        standard = reference
      }
    }
    members["aliases"] = .object(aliases.mapValues(JSONValue.string))
    if let standard { members["default"] = .string(standard) }
    try replaceFile(
      path, with: JSONValue.object(members).encoded(pretty: true) + [0x0A],
      temporary: folder.appending(".model.json-\(getpid())"))
    try synchronizeDirectory(folder)
    return try self.entry(named: name)
  }

  /// Waits for other editors, ten seconds at most.
  private static func wait(
    for lock: borrowing Descriptor, of name: String, _ file: RawPath
  ) throws(Fault) {
    for _ in 0..<1000 {
      if try lock.lock(.exclusive) { return }
      usleep(10_000)
    }
    throw Fault(
      .modelLocked,
      "another process changes the aliases of \(name) in \(file.display): try again",
      details: ["model": .string(name), "file": .string(file.identifier)])
  }
}
