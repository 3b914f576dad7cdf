import Faults
import FileAccess
import InfercamTestSupport

#if canImport(Glibc)
import Glibc
#endif

/// An HTTPS server on the loopback interface with certificates made for one test, by the command line
/// tool of OpenSSL.
final class TLSServer {
  /// What the server shows as its certificate.
  enum Certificate: String, CaseIterable, Sendable {
    case sound
    case expired
    case selfSigned
    /// For another host.
    case misnamed
  }

  static let isAvailable = access("/usr/bin/openssl", X_OK) == 0

  /// The certificate of the authority that has signed the others.
  let authority: RawPath
  let port: Int
  private let process: pid_t

  /// Serves the files of a folder as `tls.test`.
  init(
    _ certificate: Certificate, in folder: TemporaryFolder, options: String = ""
  ) throws {
    let path = folder.path
    authority = path.appending("ca.pem")
    let name = certificate == .misnamed ? "other.test" : "tls.test"
    let days = certificate == .expired ? "-1" : "2"
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    let signing = certificate == .selfSigned ? "-signkey k.pem" : "-CA ca.pem -CAkey ca.key"
    try Self.shell(
      """
      openssl req -x509 \(key) -keyout ca.key -out ca.pem -days 2 -subj /CN=test-authority &&
      openssl req \(key) -keyout k.pem -out k.csr -subj /CN=\(name) &&
      echo subjectAltName=DNS:\(name) > k.ext &&
      openssl x509 -req -in k.csr \(signing) -set_serial 7 -days \(days) -extfile k.ext -out c.pem
      """, in: path)
    process = try Self.start(
      "exec openssl s_server -accept 127.0.0.1:0 -cert c.pem -key k.pem -WWW \(options) > server",
      in: path)
    var found: Int?
    while found == nil, kill(process, 0) == 0 {
      let text = String(decoding: (try? folder.read("server")) ?? [], as: UTF8.self)
      let line = text.split(separator: "\n").first {
        $0.hasPrefix("ACCEPT ") && text.hasSuffix("\n")
      }
      found = line?.split(separator: ":").last.flatMap { Int($0) }
      var status: Int32 = 0
      if waitpid(process, &status, WNOHANG) == process { break }
      poll(nil, 0, 5)
    }
    guard let found else { throw Fault(.internalError, "openssl s_server did not start") }
    port = found
  }

  deinit {
    kill(process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }

  private static func shell(_ command: String, in folder: RawPath) throws {
    let process = try start(command, in: folder)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    if status != 0 { throw Fault(.internalError, "openssl failed: \(status)") }
  }

  private static func start(_ command: String, in folder: RawPath) throws -> pid_t {
    let text = "cd '\(folder.display)' && { \(command); } 2>/dev/null </dev/null"
    let words = ["sh", "-c", text].map { (word: String) in strdup(word) }
    defer { for word in words { free(word) } }
    var process = pid_t()
    let error = posix_spawn(&process, "/bin/sh", nil, nil, words + [nil], environ)
    if error != 0 { throw Fault(errno: error, "cannot start /bin/sh") }
    return process
  }
}
