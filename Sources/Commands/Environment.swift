import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// The variables and places that the program looks at, read once.
struct Environment: Sendable {
  /// Bytes by name; of the variables that have one.
  let variables: [String: [UInt8]]
  /// The path of the running program.
  let executable: RawPath?

  init(variables: [String: [UInt8]], executable: RawPath?) {
    self.variables = variables
    self.executable = executable
  }

  /// The environment of this process.
  static func current() -> Environment {
    var variables: [String: [UInt8]] = [:]
    var entry = environ
    while let text = entry.pointee {
      let bytes = Array(UnsafeBufferPointer(start: text, count: strlen(text)))
        .map(UInt8.init(bitPattern:))
      if let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
        variables[String(decoding: bytes[..<equals], as: UTF8.self)] = Array(
          bytes[(equals + 1)...])
      }
      entry += 1
    }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let executable =
      length > 0 ? RawPath(bytes: buffer[..<length].map(UInt8.init(bitPattern:))) : nil
    return Environment(variables: variables, executable: executable)
  }

  /// A variable that is set and not empty.
  subscript(name: String) -> [UInt8]? {
    guard let value = variables[name], !value.isEmpty else { return nil }
    return value
  }

  func path(_ name: String) -> RawPath? {
    self[name].map { RawPath(bytes: $0) }
  }

  /// The folders in which models are looked for, first to last.
  func modelSearchPath(_ given: [RawPath]) -> [RawPath] {
    var folders = given
    if let list = self["INFERCAM_MODELS"] {
      folders += list.split(separator: UInt8(ascii: ":")).map { RawPath(bytes: $0) }
    }
    folders.append(RawPath("models"))
    if let home = path("XDG_DATA_HOME") ?? path("HOME")?.appending(".local/share") {
      folders.append(home.appending("infercam/models"))
    }
    if let executable {
      let prefix = executable.parent.parent
      folders.append(prefix.appending("share/infercam/models"))
      if let checkout = Self.checkout(of: executable) {
        folders.append(checkout.appending("models"))
      }
    }
    var seen: Set<RawPath> = []
    return folders.filter { seen.insert($0).inserted }
  }

  /// Where objects are stored unless that is said: `infercam/store` in the XDG data folder.
  var standardStore: RawPath? {
    let home = path("XDG_DATA_HOME") ?? path("HOME")?.appending(".local/share")
    return home?.appending("infercam/store")
  }

  /// The configuration file: `INFERCAM_CONFIG`, or `infercam/config.json` in the XDG folder.
  var configurationFile: (path: RawPath, isRequired: Bool)? {
    if let path = path("INFERCAM_CONFIG") { return (path, true) }
    guard let folder = path("XDG_CONFIG_HOME") ?? path("HOME")?.appending(".config") else {
      return nil
    }
    return (folder.appending("infercam/config.json"), false)
  }

  /// The folder that a program in `.build` was built from.
  private static func checkout(of executable: RawPath) -> RawPath? {
    let marker = Array("/.build/".utf8)
    let bytes = executable.bytes
    guard bytes.count > marker.count else { return nil }
    for start in 0..<(bytes.count - marker.count) {
      if bytes[start...].starts(with: marker) { return RawPath(bytes: bytes[..<start]) }
    }
    return nil
  }
}
