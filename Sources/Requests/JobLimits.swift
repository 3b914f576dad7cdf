/// Ranges of what a job and a list may be asked for, by whichever front end.
public enum JobLimits {
  public static let workersRange = 1...1024
  public static let batchRange = 1...1024
  public static let maxFailuresRange = 1...Int.max
  /// Bytes of the caller's own name for a job.
  public static let runKeyRange = 1...255
  /// How long a job lives after the last work on it.
  public static let ttlHoursRange = 0.0...1_000_000.0
  public static let itemTimeoutRange = 0.001...1e6
  public static let deadlineRange = 0.001...1e9
  /// Items of one page of a list.
  public static let pageSizeRange = 1...10_000
  /// Bytes of the metadata of a job.
  public static let metadataBytes = 64 << 10
}
