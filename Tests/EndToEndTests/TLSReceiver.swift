import Faults
import FileAccess
import InfercamTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A server on the loopback interface that speaks TLS with a certificate of a test's own authority,
/// made and served by the command `openssl`.
final class TLSReceiver {
  static let isAvailable = shell("command -v openssl > /dev/null") == 0

  private let program: Program
  /// The standard input of the server, which it sends to its client.
  private let answer: Descriptor
  let port: Int

  /// Makes `ca.pem` and a certificate that it has signed in the folder of the test.
  static func makeCertificates(_ program: Program, name: String) throws {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    let status = shell(
      """
      cd '\(program.folder.path.display)' && exec 2>/dev/null &&
      openssl req -x509 \(key) -keyout ca.key -out ca.pem -days 2 -subj '/CN=Test authority' &&
      openssl req \(key) -keyout tls.key -out tls.csr -subj '/CN=receiver' &&
      echo 'subjectAltName=\(name)' > tls.ext &&
      openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile tls.ext -out tls.pem
      """)
    try #require(status == 0, "openssl cannot make certificates")
  }

  /// Serves one connection.
  init(_ program: Program) throws {
    self.program = program
    let fifo = program.folder.path.appending("tls.in")
    try removeFile(fifo)
    try removeFile(program.folder.path.appending("tls.out"))
    try #require(mkfifo(fifo.display, 0o600) == 0)
    answer = try Descriptor(opening: fifo, O_RDWR)
    let status = shell(
      """
      cd '\(program.folder.path.display)' || exit 1
      openssl s_server -accept 127.0.0.1:0 -naccept 1 -cert tls.pem -key tls.key \
        < tls.in > tls.out 2> tls.err & echo $! > tls.pid
      """)
    try #require(status == 0)
    var port: Int?
    while port == nil {
      let line = Self.text(program).split(separator: "\n").first { $0.hasPrefix("ACCEPT ") }
      port = line.flatMap { Int($0.split(separator: ":").last ?? "") }
      if port == nil { poll(nil, 0, 5) }
    }
    self.port = port ?? 0
  }

  /// What the client has sent, among what the server says about the connection.
  var received: String { Self.text(program) }

  func respond(_ status: Int) throws {
    try answer.write(
      Array("HTTP/1.1 \(status) Answer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
  }

  func stop() {
    _ = shell("kill \"$(cat '\(program.folder.path.appending("tls.pid").display)')\" 2>/dev/null")
  }

  private static func text(_ program: Program) -> String {
    String(decoding: (try? program.folder.read("tls.out")) ?? [], as: UTF8.self)
  }
}
