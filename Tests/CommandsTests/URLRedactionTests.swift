import Testing

@testable import Commands

struct URLRedactionTests {
  @Test(arguments: [
    ("photos/", "photos/"), ("https://a.test/x?y=z", "https://a.test/…"),
    ("--callback-url=https://u:p@a.test:8443/x", "--callback-url=https://a.test:8443/…"),
    ("curl 'https://a.test/k' -d @- && x", "curl 'https://a.test/…' -d @- && x"),
    ("a://b c://d/e", "a://b c://d/…"), ("https://a.test", "https://a.test"), ("://", "://"),
    ("https://a.test?k=v#f", "https://a.test/…"), ("", ""),
  ])
  func `of a URL in a command line only scheme and host are kept`(word: String, kept: String) {
    #expect(withoutURLs(word) == kept)
  }
}
