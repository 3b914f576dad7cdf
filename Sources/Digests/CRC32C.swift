import CPlatform

/// Returns the CRC-32C (Castagnoli) of the bytes.
public func crc32c(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  guard let start = bytes.baseAddress else { return 0 }
  return ic_crc32c(0, start.assumingMemoryBound(to: UInt8.self), bytes.count)
}

/// Returns the CRC-32C (Castagnoli) of the bytes.
public func crc32c(_ bytes: [UInt8]) -> UInt32 {
  bytes.withUnsafeBytes { crc32c($0) }
}

/// Returns the CRC-32C by table, whatever the processor can do; for tests of the fast way.
public func portableCRC32C(_ bytes: [UInt8]) -> UInt32 {
  ic_crc32c_portable(0, bytes, bytes.count)
}
