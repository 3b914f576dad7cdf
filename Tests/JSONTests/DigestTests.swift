import Digests
import Testing

struct DigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ])
  func `SHA-256 gives the published vectors`(text: String, expected: String) {
    #expect(SHA256.hex(of: Array(text.utf8)) == expected)
  }

  @Test func `a digest does not depend on how the bytes are cut`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var digest = SHA256()
    for start in stride(from: 0, to: bytes.count, by: 37) {
      digest.update(Array(bytes[start..<min(start + 37, bytes.count)]))
    }
    #expect(digest.finishHex() == SHA256.hex(of: bytes))
  }

  @Test(arguments: [
    ("123456789", UInt32(0xE306_9283)), ("", 0), ("a", 0xC1D0_4330),
    ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
  ])
  func `CRC-32C gives the published vectors`(text: String, expected: UInt32) {
    #expect(crc32c(Array(text.utf8)) == expected)
    #expect(portableCRC32C(Array(text.utf8)) == expected)
  }

  @Test func `both CRC-32C implementations agree at every length`() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }
    for length in 0..<bytes.count {
      #expect(crc32c(Array(bytes[..<length])) == portableCRC32C(Array(bytes[..<length])))
    }
  }

  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
  func `base64 gives the vectors of RFC 4648`(text: String, expected: String) {
    #expect(base64(Array(text.utf8)) == expected)
  }

  @Test(arguments: ["", "f", "fo", "foo", "foob"])
  func `base64 is read back`(text: String) {
    #expect(bytes(base64: base64(Array(text.utf8))) == Array(text.utf8))
  }

  @Test(arguments: ["Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "Zm9v!A==", "Zh=="])
  func `what is no base64 is refused`(text: String) {
    #expect(bytes(base64: text) == nil)
  }

  @Test(arguments: [
    (
      [UInt8](repeating: 0x0B, count: 20), "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func `HMAC-SHA256 gives the vectors of RFC 4231`(key: [UInt8], text: String, expected: String) {
    #expect(hexadecimal(hmacSHA256(key: key, Array(text.utf8))) == expected)
  }
}
