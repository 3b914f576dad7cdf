import Faults
import FileAccess
import JSON
import Options
import Runs

#if canImport(Glibc)
import Glibc
#endif

extension Verb {
  static let storagePut = Verb(
    VerbHelp(
      "storage put", "Store files under the SHA-256 of their bytes", usage: "FILE… [FLAGS]",
      text:
        "Prints the storage id of each file, which a manifest names as image.storage_id; - is stdin.",
      examples: [
        ("infercam storage put cat.jpg", "prints sha256:… and the file"),
        ("curl -s https://example.org/a.jpg | infercam storage put -", "whatever comes"),
      ]),
    flags: [.store], body: putObjects)

  static let storageGet = Verb(
    VerbHelp(
      "storage get", "Write a stored object to a file or to stdout", usage: "ID [-o FILE]",
      text: "Nothing is written of an object that is not what its id says.",
      examples: [("infercam storage get sha256:… -o cat.jpg", "the file that was stored")]),
    flags: [.store, .objectFile], body: getObject)

  static let storageRemove = Verb(
    VerbHelp(
      "storage rm", "Remove stored objects", usage: "ID… [FLAGS]",
      examples: [("infercam storage rm sha256:…", "an object that is not needed any more")]),
    flags: [.store], body: removeObjects)

  static let storageList = Verb(
    VerbHelp(
      "storage list", "List the stored objects", usage: "[FLAGS]",
      examples: [("infercam storage list --json | jq -r .storage_id", "the ids alone")]),
    flags: [.store], body: listObjects)
}

extension Flag where Arguments == Commands.Arguments {
  fileprivate static let objectFile = Self(
    "output", short: "o", value: "FILE", .output, "write here instead of to stdout"
  ) { value, arguments throws(Fault) in
    arguments.output = RawPath(bytes: try value.nonEmptyBytes())
  }
}

private func putObjects(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let store = try invocation.namedStore()
  let files = invocation.line.positionals.map { RawPath(bytes: $0) }
  if files.isEmpty { throw Fault(.paramMissing, "name at least one file to store") }
  for path in files {
    let entry: ObjectStore.Entry
    if path.bytes == [UInt8(ascii: "-")] {
      entry = try store.put { () throws(Fault) in
        try readChunk(STDIN_FILENO, count: 1 << 20, name: "the standard input")
      }
    } else {
      let file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      _ = try file.regularStatus()
      entry = try store.put { () throws(Fault) in try file.readNext(count: 1 << 20) }
    }
    if invocation.printsTable {
      try console.print("\(entry.id.text)  \(path.display)")
    } else {
      try console.print(entry.json(["path": .string(path.identifier)]).encodedText)
    }
  }
  return ExitStatus.success
}

private func getObject(_ invocation: Invocation) throws(Fault) -> Int32 {
  let ids = try invocation.storageIDs()
  guard ids.count == 1 else { throw Fault(.paramOutOfRange, "name one storage id") }
  let store = try invocation.namedStore()
  guard let output = invocation.arguments.output else {
    try store.get(ids[0]) { (bytes) throws(Fault) in
      let error = bytes.withUnsafeBytes { writeFully(STDOUT_FILENO, $0) }
      if error != 0 { throw Fault(errno: error, "cannot write to stdout") }
    }
    return ExitStatus.success
  }
  let part = RawPath(bytes: output.bytes + Array(".part-\(getpid())".utf8))
  do throws(Fault) {
    let file = try Descriptor(opening: part, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666)
    try store.get(ids[0]) { (bytes) throws(Fault) in try file.write(bytes) }
    try file.synchronize()
    try file.close()
    try renameFile(part, to: output)
  } catch {
    try? removeFile(part)
    throw error
  }
  return ExitStatus.success
}

private func removeObjects(_ invocation: Invocation) throws(Fault) -> Int32 {
  let ids = try invocation.storageIDs()
  let store = try invocation.namedStore()
  for id in ids { try store.remove(id) }
  return ExitStatus.success
}

private func listObjects(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  try invocation.namedStore().list { (entry) throws(Fault) in
    if invocation.printsTable {
      try console.print("\(entry.id.text)  \(entry.size)")
    } else {
      try console.print(entry.json().encodedText)
    }
  }
  return ExitStatus.success
}

extension ObjectStore.Entry {
  fileprivate func json(_ more: [String: JSONValue] = [:]) -> JSONValue {
    var members = more
    members["storage_id"] = .string(id.text)
    members["bytes"] = JSONValue(size)
    return .object(members)
  }
}

extension Invocation {
  fileprivate func namedStore() throws(Fault) -> ObjectStore {
    if let store { return store }
    throw Fault(.paramMissing, "name the store with --store DIR or INFERCAM_STORE")
  }

  fileprivate func storageIDs() throws(Fault) -> [StorageID] {
    let texts = try textPositionals()
    if texts.isEmpty { throw Fault(.paramMissing, "name at least one storage id") }
    var ids: [StorageID] = []
    for text in texts {
      guard let id = StorageID(text) else {
        throw Fault(
          .paramOutOfRange, "\(printable(text)) is no storage id: sha256: and 64 hexadecimal digits"
        )
      }
      ids.append(id)
    }
    return ids
  }
}
