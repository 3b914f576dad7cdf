import InfercamTestSupport
import Testing

@testable import Transfers

struct InternetAddressTests {
  typealias Reach = InternetAddress.Reach

  @Test(arguments: [
    ("8.8.8.8", Reach.anyone), ("1.1.1.1", .anyone), ("9.255.255.255", .anyone),
    ("11.0.0.0", .anyone), ("100.63.255.255", .anyone), ("100.128.0.0", .anyone),
    ("126.255.255.255", .anyone), ("128.0.0.1", .anyone), ("172.15.255.255", .anyone),
    ("172.32.0.0", .anyone), ("192.167.255.255", .anyone), ("192.169.0.0", .anyone),
    ("198.17.255.255", .anyone), ("198.20.0.0", .anyone), ("223.255.255.255", .anyone),
    ("0.0.0.0", .reserved), ("0.1.2.3", .reserved), ("10.0.0.1", .local),
    ("10.255.255.255", .local), ("100.64.0.1", .local), ("100.127.255.255", .local),
    ("127.0.0.1", .local), ("127.255.255.254", .local), ("169.254.0.1", .linkLocal),
    ("169.254.169.254", .metadata), ("100.100.100.200", .metadata), ("168.63.129.16", .metadata),
    ("172.16.0.1", .local), ("172.31.255.255", .local), ("192.0.0.8", .reserved),
    ("192.0.2.1", .reserved), ("192.88.99.1", .reserved), ("192.168.0.1", .local),
    ("198.18.0.1", .reserved), ("198.19.255.255", .reserved), ("198.51.100.7", .reserved),
    ("203.0.113.9", .reserved), ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
    ("240.0.0.1", .reserved), ("255.255.255.255", .reserved),
    ("2606:4700:4700::1111", .anyone), ("2a00:1450:4001::1", .anyone), ("3ffe::1", .anyone),
    ("::", .reserved), ("::1", .local), ("::7f00:1", .embedding), ("::ffff:127.0.0.1", .embedding),
    ("::ffff:8.8.8.8", .embedding), ("::ffff:0:10.0.0.1", .embedding),
    ("64:ff9b::10.0.0.1", .embedding), ("64:ff9b:1::1", .reserved),
    ("2001::ffff:1", .embedding), ("2001:2::1", .reserved), ("2001:10::1", .reserved),
    ("2001:db8::1", .reserved), ("2002:7f00:1::", .embedding), ("3fff::1", .reserved),
    ("fc00::1", .local), ("fd12:3456::1", .local), ("fd00:ec2::254", .metadata),
    ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("fec0::1", .local), ("ff02::1", .multicast),
    ("100::1", .reserved), ("4000::1", .reserved),
  ])
  func `an address is known by who can be reached there`(text: String, reach: Reach) throws {
    let address = try #require(InternetAddress(text))
    #expect(address.reach == reach)
    #expect(address.isPermitted(allowingPrivate: false) == (reach == .anyone))
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("10.1.2.3", true), ("::1", true), ("fd12::1", true),
    ("100.64.1.1", true), ("::ffff:127.0.0.1", true), ("::ffff:8.8.8.8", true),
    ("64:ff9b::8.8.8.8", true), ("2002:0808:0808::1", true),
    ("169.254.169.254", false), ("::ffff:169.254.169.254", false),
    ("64:ff9b::a9fe:a9fe", false), ("2002:a9fe:a9fe::1", false), ("fd00:ec2::254", false),
    ("2001:0:1:2:3:4:5601:5601", false), ("0.0.0.0", false), ("224.0.0.1", false),
    ("::", false), ("fe80::1", false), ("255.255.255.255", false), ("::ffff:0.0.0.0", false),
  ])
  func `private networks can be opened, and nothing else`(text: String, permitted: Bool) throws {
    let address = try #require(InternetAddress(text))
    #expect(address.isPermitted(allowingPrivate: true) == permitted)
  }

  @Test(arguments: [
    "", "1", "127.1", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", "256.1.1.1", "1.2.3.4.5",
    "fe80::1%eth0", ":::", "[::1]", "1.2.3.4 ", "::ffff:1.2.3",
  ])
  func `what is no address in the usual notation is none`(text: String) {
    #expect(InternetAddress(text) == nil)
  }
}
