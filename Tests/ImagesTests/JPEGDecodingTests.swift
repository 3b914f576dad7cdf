import Faults
import Images
import Testing

/// Four small files of the pixels (10x, 15y, 6(x + y)), 24 x 16, and what Pillow makes of them.
struct JPEGDecodingTests {
  struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let base64: String
    /// The pixels at (0, 0), (23, 15) and (11, 7).
    let pixels: [[UInt8]]
    let sum: Int

    var testDescription: String { name }
    var bytes: [UInt8] { Base64.decode(base64) }
  }

  static let samples = [
    Sample(
      name: "baseline 4:2:0",
      base64:
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wAARCAAQABgDASIAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAUGB//EABgQAAIDAAAAAAAAAAAAAAAAAAAEBSIx/8QAFwEAAwEAAAAAAAAAAAAAAAAAAwQFBv/EABwRAAEDBQAAAAAAAAAAAAAAAAAEBSEBAgMiMf/aAAwDAQACEQMRAD8Ay1SCyg9UgsoV6kFlB6pBZQHiUCDa98kkVILKAaYpBZQChaog26d70pJ//9k=",
      pixels: [[0, 2, 0], [234, 223, 231], [108, 106, 109]], sum: 131_361),
    Sample(
      name: "progressive",
      base64:
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAAQABgDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABAAF/8QAFgEBAQEAAAAAAAAAAAAAAAAAAwIF/9oADAMBAAIQAxAAAAHGS5MkG15tL//EABYQAAMAAAAAAAAAAAAAAAAAAAABA//aAAgBAQABBQJTFMUxTFMUz//EABgRAAIDAAAAAAAAAAAAAAAAAAAEAgMh/9oACAEDAQE/AaWSLOH/xAAWEQADAAAAAAAAAAAAAAAAAAAAAQL/2gAIAQIBAT8BVCo//8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQAGPwJf/8QAFRABAQAAAAAAAAAAAAAAAAAAAGH/2gAIAQEAAT8hkkkkkk//2gAMAwEAAgADAAAAEAgP/8QAFhEBAQEAAAAAAAAAAAAAAAAAAFFh/9oACAEDAQE/ENFj/8QAFREBAQAAAAAAAAAAAAAAAAAAACH/2gAIAQIBAT8QcX//xAAVEAEBAAAAAAAAAAAAAAAAAAAAMf/aAAgBAQABPxCZMmTJkz//2Q==",
      pixels: [[5, 0, 1], [226, 225, 233], [112, 106, 108]], sum: 130_877),
    Sample(
      name: "gray",
      base64:
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAAQABgBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABQf/xAAYEAACAwAAAAAAAAAAAAAAAAAABAUiMf/aAAgBAQAAPwCWqQWUHVILKDykFlBFSCyg6pBZQeUgsof/2Q==",
      pixels: [[0, 0, 0], [227, 227, 227], [107, 107, 107]], sum: 130_560),
    Sample(
      name: "CMYK",
      base64:
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMPFB0aHx4dGhwcICQuJyAiLCMcHCg3KSwwMTQ0NB8nOT04MjwuMzQy/8AAFAgAEAAYBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAAHBgj/xAAbEAACAQUAAAAAAAAAAAAAAAAABRYiMUJjof/aAA4EQwBNAFkASwAAPwCRIcSZxHXwlK1bakv5UEOIiOvhsFq21IKghxER18NgtW2pBy+hxLzEdfDHrVtqQVBDiIjr4bBattSCoIcREdfDYLVtqQf/2Q==",
      pixels: [[1, 0, 1], [229, 226, 227], [110, 105, 108]], sum: 131_160),
  ]

  @Test(arguments: samples)
  func `pixels are Pillow's`(_ sample: Sample) throws {
    let image = try decode(sample.bytes)
    let bytes = image.pixels.bytes
    #expect(image.pixels.size == PixelSize(width: 24, height: 16))
    #expect(bytes.reduce(0) { $0 + Int($1) } == sample.sum)
    for (position, pixel) in zip([(0, 0), (23, 15), (11, 7)], sample.pixels) {
      let start = (position.1 * 24 + position.0) * 3
      #expect(Array(bytes[start..<start + 3]) == pixel)
    }
  }

  @Test(arguments: samples)
  func `every prefix is an error and none ends the process`(_ sample: Sample) {
    let bytes = sample.bytes
    for length in 0..<bytes.count - 2 {
      let fault = #expect(throws: Fault.self) { try decode(Array(bytes[..<length])) }
      #expect([.imageInvalidFormat, .imageDecodingFailed].contains(fault?.code), "\(length)")
    }
  }

  @Test func `a truncated file keeps its rows when asked to`() throws {
    var options = DecodeOptions()
    options.truncated = .pad
    let bytes = Self.samples[0].bytes
    let image = try decode(Array(bytes[..<(bytes.count - 12)]), options: options)
    #expect(image.partial)
    #expect(Array(image.pixels.bytes[..<3]) == [0, 2, 0])
  }

  @Test func `bytes behind the image are a warning`() throws {
    #expect(try decode(Self.samples[0].bytes + [0, 0]).warnings == ["trailing_bytes:2"])
  }

  @Test func `more scans than allowed are refused`() {
    var options = DecodeOptions()
    options.limits.maxScans = 2
    let fault = #expect(throws: Fault.self) {
      try decode(Self.samples[1].bytes, options: options)
    }
    #expect(fault?.code == .imageDecodingFailed)
    #expect(fault?.details["reason"] == .string("scan_limit"))
  }

  @Test func `a header that claims more than the limits is refused unread`() {
    var bytes = Self.samples[1].bytes
    let frame = (0..<bytes.count).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC2 } ?? 0
    for (offset, value) in zip(5..., [0x40, 0x00, 0x40, 0x00] as [UInt8]) {
      bytes[frame + offset] = value
    }
    let memory = #expect(throws: Fault.self) { try decode(bytes) }
    #expect(memory?.code == .imageTooLarge)
    #expect(memory?.details["reason"] == .string("memory"))
    // A sequential image in several scans is kept as a whole too.
    bytes[frame + 1] = 0xC0
    let scan = (frame..<bytes.count).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA } ?? 0
    bytes[scan + 4] = 1
    let scans = #expect(throws: Fault.self) { try decode(bytes) }
    #expect(scans?.details["reason"] == .string("memory"))
    bytes[frame + 5] = 0xFF
    let side = #expect(throws: Fault.self) { try decode(bytes) }
    #expect(side?.code == .imageTooLarge)
    #expect(side?.details["height"] == .int(0xFF00))
  }
}

/// Reads RFC 4648 text.
enum Base64 {
  static func decode(_ text: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bits: UInt32 = 0
    var count = 0
    var bytes: [UInt8] = []
    for character in text.utf8 {
      guard let value = alphabet.firstIndex(of: character) else { break }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(bits >> UInt32(count) & 255))
      }
    }
    return bytes
  }
}
