public import Faults

#if canImport(Glibc)
import Glibc
#endif

extension Fault {
  /// The fault for an error number of the system.
  ///
  /// - Parameter operation: what was tried, with the name of the thing, such as `cannot read a.jpg`.
  public init(errno number: Int32, _ operation: String) {
    let reason = String(cString: strerror(number))
    let code: Code
    let remedy: String
    switch number {
    case ENOENT, ENOTDIR:
      (code, remedy) = (.inputNotFound, "check the path")
    case EACCES, EPERM, EROFS:
      (code, remedy) = (.accessDenied, "check the permissions")
    case ENOSPC, EDQUOT:
      (code, remedy) = (.storageNoSpace, "free some space and run the same command again")
    case EMFILE, ENFILE, ENOMEM:
      (code, remedy) = (.resourceExhausted, "raise the limit or use fewer workers")
    case ENAMETOOLONG, ELOOP:
      (code, remedy) = (.inputNotFound, "check the path")
    default:
      (code, remedy) = (.storageIOError, "check the device")
    }
    self.init(
      code, "\(operation): \(reason.prefix(1).lowercased() + reason.dropFirst()): \(remedy)",
      details: ["errno": .int(Int(number))])
  }
}
