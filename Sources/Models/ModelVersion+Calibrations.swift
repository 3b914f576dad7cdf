public import Faults
public import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

extension ModelVersion {
  /// The folder of the calibrations that were fitted after the version was registered.
  var calibrationFolder: RawPath { file.parent.appending("calibrations") }

  /// The file of a calibration.
  public func calibrationFile(_ name: String) -> RawPath {
    calibrationFolder.appending("\(name).json")
  }

  /// The calibrations that were fitted to this version, sorted by name.
  /// - Throws: `Fault` with code `model.invalid` or `model.digest_mismatch` for one that is damaged.
  public func calibrations() throws(Fault) -> [Calibration] {
    try calibrationNames().filter(isPlainName).map { name throws(Fault) in
      try calibration(named: name)
    }
  }

  /// The version with a calibration in place of its own.
  /// - Throws: `Fault` with code `model.not_found`, and as `calibrations`.
  func calibrated(by name: String) throws(Fault) -> ModelVersion {
    let calibration = try calibration(named: name)
    var version = self
    version.spec.calibration.version = calibration.version
    version.spec.calibration.temperature = calibration.temperature
    version.addedCalibration = calibration.version
    return version
  }

  private func calibration(named name: String) throws(Fault) -> Calibration {
    let file = calibrationFile(name)
    guard isPlainName(name), try FileStamp(of: file)?.kind == .regular else {
      let names = try calibrationNames()
      let known = names.isEmpty ? "" : ", there are \(names.joined(separator: ", "))"
      throw Fault(
        .modelNotFound,
        "\(self.name)@\(version) has no calibration \(printable(name))\(known): fit one with "
          + "infercam models calibrate",
        details: [
          "model": .string(self.name), "version": .string(version), "calibration": .string(name),
        ])
    }
    let bytes = try ModelRepository.read(file)
    let calibration: Calibration
    do throws(Fault) {
      calibration = try Calibration(json: bytes, named: name)
    } catch {
      throw Fault(
        error.code == .modelDigestMismatch ? .modelDigestMismatch : .modelInvalid,
        "\(file.display): \(error.message)", details: error.details, cause: error)
    }
    guard calibration.model == logitsIdentity else {
      throw Fault(
        .modelDigestMismatch,
        "\(file.display) was fitted to another model than \(self.name)@\(version): fit one to this",
        details: ["calibration": .string(name)])
    }
    return calibration
  }

  private func calibrationNames() throws(Fault) -> [String] {
    guard try FileStamp(of: calibrationFolder)?.kind == .directory else { return [] }
    return try namesInDirectory(calibrationFolder).filter { $0.fileExtension == "json" }
      .map(\.stem).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Writes a calibration beside the version, in one step and never over another.
  /// - Returns: false when the very same calibration is there already.
  /// - Throws: `Fault` with code `resource.version_conflict` when another one bears the name,
  ///   `param.out_of_range` for a name that cannot be one.
  public func add(_ calibration: Calibration) throws(Fault) -> Bool {
    let name = calibration.version
    guard isPlainName(name), !name.utf8.contains(where: { "@+".utf8.contains($0) }),
      name != "none"
    else {
      throw Fault(
        .paramOutOfRange,
        "\(printable(name)) cannot be the name of a calibration: it must be a file name without @ "
          + "and +, not beginning with a dot, and not none")
    }
    guard name != spec.calibration.version || addedCalibration != nil else {
      throw Fault(
        .resourceVersionConflict,
        "\(self.name)@\(version) was registered with a calibration \(name): give another "
          + "--calibration-version")
    }
    try createDirectory(calibrationFolder, mode: 0o755)
    let file = calibrationFile(name)
    let part = calibrationFolder.appending(".\(name)-\(getpid()).part")
    let descriptor = try Descriptor(
      opening: part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
    do throws(Fault) {
      try descriptor.write(calibration.json.encoded(pretty: true) + [0x0A])
      try descriptor.synchronize()
      try descriptor.close()
      if try renameFileIfAbsent(part, to: file) {
        try synchronizeDirectory(calibrationFolder)
        try synchronizeDirectory(file.parent.parent)
        return true
      }
      try removeFile(part)
    } catch {
      try? removeFile(part)
      throw error
    }
    guard try self.calibration(named: name) == calibration else {
      throw Fault(
        .resourceVersionConflict,
        "\(self.name)@\(version) has another calibration \(name): calibrations never change, so give "
          + "this one another --calibration-version")
    }
    return false
  }
}
