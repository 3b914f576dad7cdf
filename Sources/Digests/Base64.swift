import CNettle

/// Returns the bytes in base64 with padding (RFC 4648).
public func base64(_ bytes: [UInt8]) -> String {
  let length = (bytes.count + 2) / 3 * 4
  let text = [CChar](unsafeUninitializedCapacity: length) { buffer, count in
    if let start = buffer.baseAddress { nettle_base64_encode_raw(start, bytes.count, bytes) }
    count = length
  }
  return String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
