public import FileAccess
public import JSON
public import Transfers

/// Where the inputs of a run come from, as the command line says.
public struct InputSelection: Sendable {
  /// Files and folders, in the order given.
  public var paths: [RawPath] = []
  /// A file with one path per line; `-` stands for the standard input.
  public var filesFrom: RawPath?
  /// A file with paths that end in NUL; `-` stands for the standard input.
  public var files0From: RawPath?
  public var manifest: RawPath?
  public var isRecursive = true
  public var followsSymbolicLinks = false
  public var includesHidden = false
  /// In folders, take what matches one of these; when empty, what is named like an image.
  public var include: [Glob] = []
  /// In folders, leave out what matches one of these.
  public var exclude: [Glob] = []
  /// Whether unknown fields of a manifest are ignored.
  public var isLenient = false
  /// Whether one input may occur several times.
  public var allowsDuplicates = false
  /// The folder that all files must lie below, and that paths start from; `nil` for none.
  public var folder: BaseFolder?
  /// The most bytes of one input, which bounds how long a line with base64 may be.
  public var maxBytes = 100_000_000

  /// What URLs may reach; `nil` when none is read.
  public var transfers: TransferPolicy?

  public init() {}

  /// Whether anything has been given at all.
  public var isEmpty: Bool {
    paths.isEmpty && filesFrom == nil && files0From == nil && manifest == nil
  }

  /// Lines that hold an image as base64 may be as long as that takes.
  var longLines: LineReader.LongLines {
    LineReader.LongLines(
      marker: Array(#""bytes""#.utf8), limit: maxBytes / 3 * 4 + LineReader.lineLimit)
  }
}

/// The inputs found, and what is worth telling about how.
public struct CollectedInputs: Sendable {
  public var list: InputList
  /// Files in folders that are not named like images and were left out.
  public var skipped = 0
  /// Symbolic links in folders that were left out, and would not have been for what they are called.
  public var skippedLinks = 0
  /// What a manifest says about the whole run.
  public var manifestModel: String?
  /// The object that a manifest attaches to the whole run.
  public var manifestMetadata: JSONValue?
}
