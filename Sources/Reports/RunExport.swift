public import Faults
public import FileAccess
public import Runs

#if canImport(Glibc)
import Glibc
#endif

/// A shape in which a finished run can be handed on.
public enum ExportFormat: String, Sendable, CaseIterable {
  case csv
  case tsv
  case json
  case npz
  case html
  case junit

  /// Whether the standard output may get it.
  public var isText: Bool { self == .csv || self == .tsv || self == .json }
}

/// How a run is exported.
public struct ExportOptions: Sendable {
  /// Whether a cell that a spreadsheet would take for a formula begins with an apostrophe.
  public var isSpreadsheetSafe = true
  /// How many pictures a page shows.
  public var pictures = 100

  public init() {}
}

/// Hands on a finished run in another shape; the same run always gives the same bytes.
///
/// - Parameter write: gets the bytes, piece by piece.
/// - Throws: `Fault` with code `job.not_found` for a run that has not finished, `job.expired`,
///   `run.corrupt`, and what `write` throws.
public func exportRun(
  _ directory: RunDirectory, as format: ExportFormat, _ options: ExportOptions = ExportOptions(),
  to write: ([UInt8]) throws(Fault) -> Void
) throws(Fault) {
  let run = try FinishedRun(directory)
  switch format {
  case .csv: try exportTable(run, TableFormat(.csv, options), to: write)
  case .tsv: try exportTable(run, TableFormat(.tsv, options), to: write)
  case .json: try exportJSON(run, to: write)
  case .npz: try exportArrays(run, to: write)
  case .html: try exportPage(run, pictures: options.pictures, to: write)
  case .junit: try exportTestReport(run, to: write)
  }
}

/// Writes an export into a file in one step: what is at the path is the old or the new contents.
public func exportRun(
  _ directory: RunDirectory, as format: ExportFormat, _ options: ExportOptions,
  into path: RawPath
) throws(Fault) {
  if let stamp = try FileStamp(of: path), stamp.kind != .regular {
    // A pipe or a device is written to, never replaced.
    let file = try Descriptor(opening: path, O_WRONLY | O_NOCTTY)
    return try exportRun(directory, as: format, options) { (bytes) throws(Fault) in
      try file.write(bytes)
    }
  }
  let name = RawPath(bytes: path.lastComponent)
  let temporary = path.parent.appending(
    RawPath(bytes: Array(".".utf8) + name.bytes + Array(".\(getpid()).part".utf8)))
  do throws(Fault) {
    let file = try Descriptor(
      opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o666)
    try exportRun(directory, as: format, options) { (bytes) throws(Fault) in
      try file.write(bytes)
    }
    try file.synchronize()
    try file.close()
    try renameFile(temporary, to: path)
  } catch {
    try? removeFile(temporary)
    throw error
  }
}
