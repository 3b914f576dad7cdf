import CNettle

/// Returns the bytes in base64 with padding (RFC 4648).
public func base64(_ bytes: [UInt8]) -> String {
  if bytes.isEmpty { return "" }
  let length = (bytes.count + 2) / 3 * 4
  let text = [CChar](unsafeUninitializedCapacity: length) { buffer, count in
    if let start = buffer.baseAddress { nettle_base64_encode_raw(start, bytes.count, bytes) }
    count = length
  }
  return String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Reads base64 with padding (RFC 4648); `nil` for anything else, white space included.
public func bytes(base64 text: String) -> [UInt8]? {
  bytes(base64: Array(text.utf8))
}

/// Reads base64 with padding (RFC 4648); `nil` for anything else, white space included.
public func bytes(base64 characters: [UInt8]) -> [UInt8]? {
  // The library would skip white space.
  guard characters.count % 4 == 0, !characters.contains(where: { $0 <= 0x20 }) else { return nil }
  var context = base64_decode_ctx()
  nettle_base64_decode_init(&context)
  var isSound = true
  let bytes = [UInt8](unsafeUninitializedCapacity: characters.count + 1) { buffer, count in
    var length = buffer.count
    isSound = characters.withUnsafeBytes { source in
      let start = source.baseAddress?.assumingMemoryBound(to: CChar.self)
      return nettle_base64_decode_update(&context, &length, buffer.baseAddress, source.count, start)
        == 1
    }
    count = isSound ? length : 0
  }
  return isSound && nettle_base64_decode_final(&context) == 1 ? bytes : nil
}
