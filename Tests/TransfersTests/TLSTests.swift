import Faults
import FileAccess
import InfercamTestSupport
import Testing

@testable import Transfers

@Suite(.enabled(if: TLSServer.isAvailable, "openssl is not installed"))
struct TLSTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("hello", to: "canary")
  }

  func fetch(_ server: TLSServer, authority: RawPath?) throws -> [UInt8] {
    var policy = TransferPolicy()
    policy.allowsPrivateNetworks = true
    policy.ports = nil
    policy.authorities = authority
    var client = TransferClient(policy)
    client.time = TestTime().time()
    client.backoff.attempts = 1
    client.resolver = HostResolver { (_, _) throws(Fault) in
      [InternetAddress("127.0.0.1")].compactMap(\.self)
    }
    let url = try WebURL("https://tls.test:\(server.port)/canary")
    return try client.fetch(url, limit: 100, session: client.makeSession()).body
  }

  @Test func `a certificate of a trusted authority is accepted, without trust it is not`() throws {
    let server = try TLSServer(.sound, in: folder)
    #expect(try fetch(server, authority: server.authority) == Array("hello".utf8))
    let fault = try #require(
      #expect(throws: Fault.self) { try fetch(server, authority: nil) })
    #expect(fault.code == .upstreamFailed)
    #expect(!fault.message.contains("canary"))
  }

  @Test(arguments: [TLSServer.Certificate.expired, .selfSigned, .misnamed])
  func `a certificate that is not sound is refused`(certificate: TLSServer.Certificate) throws {
    let server = try TLSServer(certificate, in: folder)
    let fault = #expect(throws: Fault.self) { try fetch(server, authority: server.authority) }
    #expect(fault?.code == .upstreamFailed)
  }

  @Test func `an old version of TLS is refused`() throws {
    let server = try TLSServer(
      .sound, in: folder, options: "-tls1_1 -cipher ALL:@SECLEVEL=0")
    let fault = #expect(throws: Fault.self) { try fetch(server, authority: server.authority) }
    #expect(fault?.code == .upstreamFailed)
  }
}
