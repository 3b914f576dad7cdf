import Faults
import InfercamTestSupport
import Testing

@testable import Transfers

struct WebURLTests {
  @Test(arguments: [
    ("https://example.com", "https://example.com", "/"),
    ("HTTPS://Example.COM:443/A/b?C=d#e", "https://example.com", "/A/b?C=d"),
    ("http://example.com:80/", "http://example.com", "/"),
    ("https://example.com:8443?x=1", "https://example.com:8443", "/?x=1"),
    ("https://[2606:4700::1111]:444/x", "https://[2606:4700::1111]:444", "/x"),
    ("https://8.8.8.8/a%20b", "https://8.8.8.8", "/a%20b"),
    ("https://a_b.example.com./é", "https://a_b.example.com.", "/%C3%A9"),
    ("https://example.com:/x", "https://example.com", "/x"),
    ("https://example.com/@a:b", "https://example.com", "/@a:b"),
  ])
  func `a URL is read`(text: String, origin: String, target: String) throws {
    let url = try WebURL(text)
    #expect(url.origin == origin)
    #expect(url.target == target)
  }

  @Test(arguments: [
    ("ftp://example.com/", Fault.Code.accessDenied), ("file:///etc/passwd", .accessDenied),
    ("gopher://example.com/", .accessDenied), ("https://user@example.com/", .accessDenied),
    ("https://user:secret@example.com/", .accessDenied), ("https://a@b@c/", .accessDenied),
    ("https://2130706433/", .accessDenied), ("https://127.1/", .accessDenied),
    ("https://0x7f000001/", .accessDenied), ("https://0177.0.0.1/", .accessDenied),
    ("https://1.2.3.4./", .accessDenied), ("https://example.0x1/", .accessDenied),
    ("", .paramOutOfRange), ("example.com", .paramOutOfRange), ("//example.com", .paramOutOfRange),
    ("https:/example.com", .paramOutOfRange), ("https://", .paramOutOfRange),
    ("https:///x", .paramOutOfRange), ("https://exa mple.com/", .paramOutOfRange),
    ("https://ex%61mple.com/", .paramOutOfRange), ("https://例え.jp/", .paramOutOfRange),
    ("https://.example.com/", .paramOutOfRange), ("https://a:0/", .paramOutOfRange),
    ("https://a:65536/", .paramOutOfRange), ("https://a:-1/", .paramOutOfRange),
    ("https://a:44x/", .paramOutOfRange), ("https://[::1/", .paramOutOfRange),
    ("https://[::1]x/", .paramOutOfRange), ("https://[fe80::1%25eth0]/", .paramOutOfRange),
    ("https://a/b c", .paramOutOfRange), ("https://a/\r\nX: y", .paramOutOfRange),
    ("https://a\\@b/", .paramOutOfRange), ("https://a/\\b", .paramOutOfRange),
    ("https://" + String(repeating: "a", count: 64) + ".com/", .paramOutOfRange),
  ])
  func `what is no plain web URL is refused`(text: String, code: Fault.Code) {
    let fault = #expect(throws: Fault.self) { try WebURL(text) }
    // A backslash may be taken for a user name first.
    #expect(fault?.code == code || (text.contains("\\@") && fault?.code == .accessDenied))
    #expect(fault?.message.contains("secret") == false)
  }

  @Test func `nothing that describes a URL shows its path or query`() throws {
    let url = try WebURL("https://example.com/canary-path?canary-query")
    for text in ["\(url)", String(reflecting: url), String(describing: [url]), url.origin] {
      #expect(!text.contains("canary"))
    }
    var dumped = ""
    dump(url, to: &dumped)
    #expect(!dumped.contains("canary"))
    #expect(!url.withoutQuery.contains("query"))
    #expect(url.digest.count == 64)
  }

  @Test(arguments: [
    ("https://b/x", "https://b/x"), ("//b/x?y", "https://b/x?y"), ("/x", "https://a/x"),
    ("x", "https://a/p/q/x"), ("../x", "https://a/p/x"), ("../../../x", "https://a/x"),
    ("./", "https://a/p/q/"), ("..", "https://a/p/"), ("?z", "https://a/p/q/r?z"),
    ("", "https://a/p/q/r?s"), ("#f", "https://a/p/q/r?s"), ("x?a/../b", "https://a/p/q/x?a/../b"),
    ("/a/./b/../c", "https://a/a/c"), (" /x ", "https://a/x"),
  ])
  func `redirects are resolved`(reference: String, expected: String) throws {
    let base = try WebURL("https://a/p/q/r?s")
    #expect(try base.resolving(reference).text == WebURL(expected).text)
  }

  @Test(arguments: ["javascript:alert(1)", "file:///etc/passwd", "https://u@b/", "ftp://b/"])
  func `redirects to anything but the web are refused`(reference: String) throws {
    let base = try WebURL("https://a/")
    #expect(throws: Fault.self) { try base.resolving(reference) }
  }
}
