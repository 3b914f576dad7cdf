/// A failure that already knows how it will be shown: the error object of the contract.
///
/// `type` on the wire is `code.kind`, `status` is derived from it by a table at each edge, and
/// `request_id` is added there; `cause` is for logs and is never sent.
public struct Fault: Error, Sendable {
  public var code: Code
  /// Lower case; names the thing and the remedy.
  public var message: String
  public var details: [String: Detail]
  public var cause: (any Error)?

  public init(
    _ code: Code, _ message: String, details: [String: Detail] = [:], cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.details = details
    self.cause = cause
  }

  public var kind: Kind { code.kind }

  /// Returns the fault with one more detail.
  public func adding(_ key: String, _ value: Detail) -> Fault {
    var copy = self
    copy.details[key] = value
    return copy
  }

  /// Returns the fault with `prefix` before its message, to name the thing that failed.
  public func prefixed(_ prefix: String) -> Fault {
    var copy = self
    copy.message = "\(prefix): \(message)"
    return copy
  }
}

extension Fault {
  /// A value in the `details` of an error object.
  public enum Detail: Sendable, Hashable {
    case string(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case array([Detail])
    case object([String: Detail])
  }
}

extension Fault: CustomStringConvertible {
  public var description: String { "\(code.rawValue): \(message)" }
}
