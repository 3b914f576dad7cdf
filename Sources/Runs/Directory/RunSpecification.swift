import Faults
import FileAccess
public import JSON

/// What a run is: `run.json`, written once.
public struct RunSpecification: Sendable {
  public static let schema = "infercam.run/1"

  public var jobID: String
  public var createdAt: String
  public var fingerprint: Fingerprint
  /// The SHA-256 of `inputs.jsonl`.
  public var inputsSHA256: String
  /// The number of inputs in `inputs.jsonl`.
  public var listCount: Int
  /// The text that `inputs.jsonl` was made of, where nothing else decides about it.
  var listText: FrozenText?
  /// What has been added since, oldest first.
  public internal(set) var extensions: [RunExtension] = []
  /// The caller's own name for the run.
  public var runKey: String?
  /// What the caller has said about the run, an object; changes nothing in the results.
  public var metadata: JSONValue?
  /// How long the run is kept after the last work on it, in hours; `nil` for ever.
  public var ttlHours: Double?
  /// The command, the tool and the machine; for people.
  public var origin: [String: JSONValue]

  /// What a list was made of, and what is not seen of it without reading every line.
  struct FrozenText: Sendable, Hashable {
    /// That of `ListText`.
    var identity: String
    var hasMapOptions: Bool
  }

  /// The number of all inputs.
  public var inputCount: Int { extensions.last.map { $0.first + $0.count } ?? listCount }

  public var json: JSONValue {
    var members = origin
    members["schema"] = .string(Self.schema)
    members["job_id"] = .string(jobID)
    members["created_at"] = .string(createdAt)
    members["fingerprint"] = fingerprint.json
    var inputs: [String: JSONValue] = [
      "sha256": .string(inputsSHA256), "count": JSONValue(listCount),
    ]
    if let listText {
      inputs["text"] = .string(listText.identity)
      inputs["map_options"] = .bool(listText.hasMapOptions)
    }
    members["inputs"] = .object(inputs)
    members["run_key"] = runKey.map(JSONValue.string)
    members["metadata"] = metadata
    members["ttl_hours"] = ttlHours.map(JSONValue.double)
    return .object(members)
  }

  init(
    jobID: String, createdAt: String, fingerprint: Fingerprint, inputs: InputList,
    origin: [String: JSONValue]
  ) {
    self.jobID = jobID
    self.createdAt = createdAt
    self.fingerprint = fingerprint
    self.inputsSHA256 = inputs.sha256
    self.listCount = inputs.count
    listText = inputs.text.map {
      FrozenText(identity: $0, hasMapOptions: inputs.hasMapOptions)
    }
    self.origin = origin
  }

  /// - Throws: `Fault` with code `run.corrupt`, or `resource.version_conflict` for another schema.
  init(reading directory: RunDirectory) throws(Fault) {
    let value = try readRunJSON(directory.specification)
    guard let schema = value["schema"]?.string, schema == Self.schema else {
      throw Fault(
        .resourceVersionConflict,
        "\(directory.specification.display) is not of schema \(Self.schema): "
          + "choose another --output")
    }
    guard let jobID = value["job_id"]?.string, let createdAt = value["created_at"]?.string,
      let fingerprint = value["fingerprint"], let sha256 = value["inputs"]?["sha256"]?.string,
      let count = value["inputs"]?["count"]?.int
    else {
      throw Fault(.runCorrupt, "\(directory.specification.display) is incomplete")
    }
    self.jobID = jobID
    self.createdAt = createdAt
    self.fingerprint = Fingerprint(json: fingerprint)
    inputsSHA256 = sha256
    listCount = count
    if let text = value["inputs"]?["text"]?.string,
      let hasMapOptions = value["inputs"]?["map_options"]?.bool
    {
      listText = FrozenText(identity: text, hasMapOptions: hasMapOptions)
    }
    runKey = value["run_key"]?.string
    metadata = value["metadata"]
    ttlHours = value["ttl_hours"]?.double
    let own = [
      "schema", "job_id", "created_at", "fingerprint", "inputs", "run_key", "metadata", "ttl_hours",
    ]
    origin = (value.object ?? [:]).filter { !own.contains($0.key) }
    extensions = try directory.readExtensions(after: count)
  }
}

/// Reads a JSON file of a run; damage is a damaged run, what the system cannot read a storage fault.
func readRunJSON(_ path: RawPath) throws(Fault) -> JSONValue {
  let contents = try asStorageFault { () throws(Fault) in
    do throws(Fault) {
      return try readRegularFile(path, limit: 64 << 20)
    } catch {
      if error.details["errno"] != nil { throw error }
      throw Fault(.runCorrupt, "\(path.display): \(error.message)", cause: error)
    }
  }
  do throws(Fault) {
    return try JSONValue(parsing: contents.bytes)
  } catch {
    throw Fault(.runCorrupt, "\(path.display): \(error.message)", cause: error)
  }
}
