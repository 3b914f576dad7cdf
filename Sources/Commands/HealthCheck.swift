import Execution
import Faults
import FileAccess
import JSON
import Models
import Transfers
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// Something that has to work on a machine, and what was found.
struct HealthCheck: Sendable {
  /// How it stands.
  enum Status: String, Sendable {
    case ok
    /// Works, but slower or with less than it could.
    case warning
    case failed
  }

  var name: String
  var status: Status
  /// What was found, and the remedy when it is not fine.
  var message: String
  var facts: [String: JSONValue] = [:]

  var json: JSONValue {
    let members: [String: JSONValue] = [
      "name": .string(name), "status": .string(status.rawValue), "message": .string(message),
    ]
    return .object(members.merging(facts) { mine, _ in mine })
  }

  /// Every check, in the order in which they are shown.
  static func all(_ invocation: Invocation) -> [HealthCheck] {
    [processor, blas, memory, openFiles, curl, folder(invocation)] + models(invocation.repository)
  }

  private static var processor: HealthCheck {
    let set = BuildFacts.instructionSet
    let count = WorkerThread.usableProcessors
    let isSlow = set == "generic"
    return HealthCheck(
      name: "processor", status: isSlow ? .warning : .ok,
      message: "\(count) processors, \(set) kernels"
        + (isSlow ? ": neither AVX2 nor AVX-512 is there, which takes several times as long" : ""),
      facts: ["processors": JSONValue(count), "instruction_set": .string(set)])
  }

  private static var blas: HealthCheck {
    HealthCheck(
      name: "blas", status: .ok,
      message: "\(MachineProfile.blasLibrary) for \(MachineProfile.blasCore)",
      facts: [
        "library": .string(MachineProfile.blasLibrary), "core": .string(MachineProfile.blasCore),
      ])
  }

  private static var memory: HealthCheck {
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
    let limit = files.lazy.compactMap { number(in: RawPath($0)) }.first { $0 < machine }
    let usable = limit ?? machine
    let isSmall = usable < 1 << 30
    return HealthCheck(
      name: "memory", status: isSmall ? .warning : .ok,
      message: "\(decimal(Double(usable) / Double(1 << 30), 1)) GiB"
        + (limit == nil ? "" : " allowed by the control group")
        + (isSmall ? ": use few workers and small batches" : ""),
      facts: [
        "machine_bytes": JSONValue(machine),
        "limit_bytes": limit.map { JSONValue($0) } ?? .null,
      ])
  }

  /// The number that a file of the system holds; `nil` for anything else.
  private static func number(in path: RawPath) -> Int? {
    guard let file = try? Descriptor(opening: path, O_RDONLY),
      let bytes = try? file.readNext(count: 64)
    else { return nil }
    return Int(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self))
  }

  private static var openFiles: HealthCheck {
    let limit = openFileLimit()
    return HealthCheck(
      name: "open_files", status: limit < 256 ? .warning : .ok,
      message: "\(limit) files may be open" + (limit < 256 ? ": raise it with ulimit -n" : ""),
      facts: ["limit": JSONValue(limit)])
  }

  /// Only inputs by URL and callbacks need it.
  private static var curl: HealthCheck {
    do throws(Fault) {
      try TransferSession.loadLibrary()
      return HealthCheck(name: "libcurl", status: .ok, message: "loads: inputs may be URLs")
    } catch {
      return HealthCheck(name: "libcurl", status: .warning, message: error.message)
    }
  }

  /// Whether a run could live in the folder: files can be written, flushed, renamed and locked.
  private static func folder(_ invocation: Invocation) -> HealthCheck {
    var folder = invocation.arguments.output ?? RawPath(".")
    var check = HealthCheck(name: "run_folder", status: .ok, message: "")
    do throws(Fault) {
      // What does not exist would be created in the nearest folder that does.
      while try FileStamp(of: folder) == nil { folder = folder.parent }
      try tryFiles(in: folder)
      check.message = "\(folder.display): files can be written, flushed, renamed and locked"
    } catch {
      check.status = .failed
      check.message = "\(folder.display): \(error.message)"
      check.facts["code"] = .string(error.code.rawValue)
    }
    check.facts["folder"] = .string(folder.identifier)
    return check
  }

  private static func tryFiles(in folder: RawPath) throws(Fault) {
    let name = folder.appending(".infercam-doctor-\(getpid())")
    let renamed = folder.appending(".infercam-doctor-\(getpid())-renamed")
    do throws(Fault) {
      let file = try Descriptor(opening: name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
      try file.write(Array("infercam doctor\n".utf8))
      try file.synchronize()
      try renameFile(name, to: renamed)
      try synchronizeDirectory(folder)
      let other = try Descriptor(opening: renamed, O_RDWR)
      guard try file.lock(.exclusive), try !other.lock(.exclusive) else {
        throw Fault(
          .storageIOError,
          "locks keep nobody out there: put runs on a file system with locks, such as NFS 4 or later"
        )
      }
    } catch {
      try? removeFile(name)
      try? removeFile(renamed)
      throw error
    }
    try removeFile(renamed)
  }

  /// One check for each version of each model.
  private static func models(_ repository: ModelRepository) -> [HealthCheck] {
    let entries: [ModelEntry]
    do throws(Fault) {
      entries = try repository.list()
    } catch {
      return [HealthCheck(name: "models", status: .failed, message: error.message)]
    }
    if entries.isEmpty {
      return [
        HealthCheck(
          name: "models", status: .warning,
          message: "none is found in "
            + repository.searchPath.map(\.display).joined(separator: ", ")
            + ": name a folder with --models, or an .onnx file with --model")
      ]
    }
    return entries.flatMap { entry in
      entry.versions.map { version in self.model("\(entry.name)@\(version)", repository) }
    }
  }

  private static func model(_ reference: String, _ repository: ModelRepository) -> HealthCheck {
    do throws(Fault) {
      let model = try repository.resolve(reference)
      _ = try model.importGraph()
      return HealthCheck(
        name: "model", status: .ok,
        message: "\(reference): files have their digests, \(model.labels.count) classes",
        facts: ["model": .string(reference), "sha256": .string(model.sha256)])
    } catch {
      return HealthCheck(
        name: "model", status: .failed, message: "\(reference): \(error.message)",
        facts: ["model": .string(reference), "code": .string(error.code.rawValue)])
    }
  }
}
