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

  /// What URLs may reach; `nil` when none is read.
  public var transfers: TransferPolicy?

  public init() {}

  /// Whether anything has been given at all.
  public var isEmpty: Bool {
    paths.isEmpty && filesFrom == nil && files0From == nil && manifest == nil
  }
}

/// The inputs found, and what is worth telling about how.
public struct CollectedInputs: Sendable {
  public var list: InputList
  /// Files in folders that are not named like images and were left out.
  public var skipped = 0
  /// What a manifest says about the whole run.
  public var manifestModel: String?
  public var manifestMetadata: JSONValue?
}
