import Glibc
import Images

/// The bytes of a file of the shared folder; empty when it cannot be read.
func fileBytes(_ path: String) -> [UInt8] {
  guard let file = fopen(path, "rb") else { return [] }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { return bytes }
    bytes += chunk[..<count]
  }
}

/// The paths of all regular files below a folder, sorted.
func files(below folder: String) -> [String] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var found: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name == "." || name == ".." { continue }
    let path = folder + "/" + name
    var status = stat()
    guard stat(path, &status) == 0 else { continue }
    if status.st_mode & S_IFMT == S_IFDIR {
      found += files(below: path)
    } else if status.st_mode & S_IFMT == S_IFREG {
      found.append(path)
    }
  }
  return found.sorted()
}

/// Decodes bytes as a file of undeclared type.
func decode(
  _ bytes: [UInt8], declared: MediaType? = nil, options: DecodeOptions = DecodeOptions()
) throws -> DecodedImage {
  try bytes.withUnsafeBytes {
    try DecodedImage.decode($0, declared: declared, options: options)
  }
}
