import Faults
import Images
import InfercamTestSupport
import Testing

/// Foreign files, good and hostile; none may end the process or hang.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct CorpusTests {
  /// File, format, and width and height after orientation, of what Pillow decodes.
  static func verdicts() throws -> [String: (format: String, decoded: Bool)] {
    let shared = try #require(SharedFolder.path)
    let table = String(decoding: fileBytes(shared + "/hostile/pillow_verdict.csv"), as: UTF8.self)
    var verdicts: [String: (String, Bool)] = [:]
    for line in table.split(whereSeparator: \.isNewline).dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count >= 9 else { continue }
      verdicts[String(cells[0])] = (String(cells[2]), cells[8] == "decoded")
    }
    return verdicts
  }

  @Test func `formats that Pillow reads are read, with named exceptions`() throws {
    let shared = try #require(SharedFolder.path)
    var refused: [String] = []
    var read = 0
    for (name, verdict) in try Self.verdicts() where verdict.decoded {
      guard ["JPEG", "MPO", "PNG", "BMP"].contains(verdict.format) else { continue }
      let bytes = fileBytes(shared + "/hostile/" + name)
      guard !bytes.isEmpty, !name.contains("synthetic/bomb") else { continue }
      do {
        _ = try decode(bytes)
        read += 1
      } catch let fault as Fault where fault.code == .imageAnimatedNotSupported {
        continue
      } catch {
        refused.append(name)
      }
    }
    #expect(read >= 600)
    // Damage that Pillow lets pass: indices without colours, checksums, scan data, missing ends.
    let known = [
      "pal8badindex.bmp", "mmap_error.bmp", "xcsn0g01.png", "hopper_bad_exif.jpg",
      "broken_data_stream.png", "truncated_end_chunk.png",
    ]
    #expect(refused.filter { name in !known.contains { name.hasSuffix($0) } } == [])
  }

  @Test func `damaged copies of small files end in an error or an image`() throws {
    let shared = try #require(SharedFolder.path)
    var options = DecodeOptions()
    options.limits.maxPixels = 1_000_000
    options.limits.cpuSeconds = 1
    let small = files(below: shared + "/hostile").map(fileBytes).filter { $0.count < 3000 }
    try #require(small.count > 100)
    for bytes in small {
      for cut in stride(from: 0, to: bytes.count, by: max(bytes.count / 40, 1)) {
        _ = try? decode(Array(bytes[..<cut]), options: options)
        var damaged = bytes
        damaged[cut] ^= PNGWriterTests.noise(cut)
        damaged[Int(PNGWriterTests.noise(cut + 1)) % damaged.count] = 255
        for mode in [DecodeOptions.Truncated.fail, .pad] {
          options.truncated = mode
          _ = try? decode(damaged, options: options)
        }
      }
    }
  }

  @Test func `all turns of a photo give the same upright size`() throws {
    let shared = try #require(SharedFolder.path)
    for shape in ["Landscape", "Portrait"] {
      let sizes = try (1...8).map { orientation in
        let name = "\(shape)_\(orientation).jpg"
        let image = try decode(fileBytes(shared + "/photos/exif_orientation/" + name))
        #expect(image.header.orientation.rawValue == orientation)
        return image.pixels.size
      }
      #expect(Set(sizes).count == 1)
    }
  }
}
