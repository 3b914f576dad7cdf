import CNettle

/// The MD5 that `Content-MD5` (RFC 1864) still names; it proves nothing against an adversary.
public struct MD5: Sendable {
  private var context = md5_ctx()

  public init() {
    nettle_md5_init(&context)
  }

  public mutating func update(_ bytes: [UInt8]) {
    nettle_md5_update(&context, bytes.count, bytes)
  }

  /// Returns the 16 bytes of the digest in base64, as `Content-MD5` has them, and starts anew.
  public mutating func finishBase64() -> String {
    var digest = [UInt8](repeating: 0, count: Int(MD5_DIGEST_SIZE))
    nettle_md5_digest(&context, digest.count, &digest)
    return encoded(digest)
  }

  /// The digest of the bytes in base64.
  public static func base64(of bytes: [UInt8]) -> String {
    var digest = MD5()
    digest.update(bytes)
    return digest.finishBase64()
  }
}

/// The name of the function would be that of the member.
private func encoded(_ digest: [UInt8]) -> String { base64(digest) }
