import Checks
import Faults
import FileAccess
import Graphs
import Inference
import JSON
import Models
import Requests
import Tensors

extension ModelEntry {
  /// The model as `models list` and the API list it.
  func document(in repository: ModelRepository) -> JSONValue {
    [
      "name": .string(name), "default": JSONValue(defaultReference),
      "aliases": .object(aliases.mapValues(JSONValue.string)),
      "folder": .string(folder.identifier),
      "versions": .array(versions.map { brief($0, repository) }),
    ]
  }

  private func brief(_ version: String, _ repository: ModelRepository) -> JSONValue {
    do throws(Fault) {
      let model = try repository.resolve("\(name)@\(version)")
      return [
        "version": .string(version), "sha256": .string(model.sha256),
        "labels_version": .string(model.labels.version), "classes": JSONValue(model.labels.count),
        "width": JSONValue(model.spec.input.width), "height": JSONValue(model.spec.input.height),
        "calibration": model.calibrationDocument,
        "calibrations": .array(try model.calibrations().map { .string($0.version) }),
        "golden": .bool(try model.golden.exists()),
      ]
    } catch {
      return ["version": .string(version), "error": error.errorObject(requestID: nil)]
    }
  }
}

extension ModelVersion {
  /// The golden beside the version.
  var golden: GoldenFolder { GoldenFolder(file.parent.appending("golden")) }

  fileprivate var calibrationDocument: JSONValue {
    [
      "version": .string(spec.calibration.version),
      "temperature": .double(spec.calibration.temperature),
    ]
  }

  /// The version as `models show` prints it.
  /// - Parameter entry: the model in the repository; `nil` for a file that is in none.
  func document(of entry: ModelEntry?) throws(Fault) -> JSONValue {
    var members = spec.json.object ?? [:]
    members["name"] = .string(name)
    members["version"] = .string(version)
    members["reference"] = .string(reference)
    members["sha256"] = .string(sha256)
    members["file"] = .string(file.identifier)
    members["classes"] = JSONValue(labels.count)
    members["labels"] = [
      "version": .string(labels.version), "sha256": .string(labelsSHA256),
      "count": JSONValue(labels.count),
    ]
    members["files"] = .array(try files())
    do throws(Fault) {
      members["graph"] = GraphDocument(try importGraph()).json
    } catch {
      members["graph"] = .null
      members["error"] = error.errorObject(requestID: nil)
    }
    guard let entry, entry.folder.appending(version).appending(file.lastComponentPath) == file
    else { return .object(members) }
    let names = entry.aliases.keys.sorted().filter { alias in
      guard let target = try? entry.version(of: alias) else { return false }
      return target == version
    }
    members["aliases"] = .object(
      names.reduce(into: [:]) { $0[$1] = JSONValue(entry.aliases[$1]) })
    members["is_default"] = .bool((try? entry.version(of: nil)) == version)
    members["calibrations"] = .array(
      try calibrations().map { calibration in
        [
          "version": .string(calibration.version), "temperature": .double(calibration.temperature),
          "items": calibration.fit["items"] ?? .null,
        ]
      })
    members["golden"] = try goldenDocument()
    return .object(members)
  }

  private func files() throws(Fault) -> [JSONValue] {
    let names =
      [(file.lastComponentPath, sha256)]
      + externalSHA256.sorted { $0.key < $1.key }.map { (RawPath($0.key), $0.value) }
    return try names.map { name, digest throws(Fault) in
      [
        "name": .string(name.identifier), "sha256": .string(digest),
        "bytes": try FileStamp(of: file.parent.appending(name)).map { JSONValue($0.size) } ?? .null,
      ]
    }
  }

  private func goldenDocument() throws(Fault) -> JSONValue {
    guard try golden.exists() else { return .null }
    let baselines = try golden.read().baselines
    return [
      "path": .string(golden.path.identifier), "inputs": JSONValue(baselines[0].items.count),
      "model": .string(baselines[0].modelName),
      "baselines": .array(
        baselines.map { baseline in
          .object(
            (baseline.profile.json.object ?? [:]).merging([
              "kernels": .string(baseline.kernels), "numerics": .string(baseline.numerics),
            ]) { $1 })
        }),
    ]
  }
}

/// What a graph says of itself: inputs, outputs, and the numbers of its weights.
private struct GraphDocument {
  let json: JSONValue

  init(_ graph: Graph) {
    var weights: [DType: Int] = [:]
    for value in graph.values {
      if let constant = value.constant {
        weights[constant.dtype, default: 0] += constant.elementCount
      }
    }
    // Of as many elements the name that comes first, so that the answer is always the same.
    let most = weights.max { ($0.value, "\($1.key)") < ($1.value, "\($0.key)") }
    json = [
      "nodes": JSONValue(graph.nodes.count), "precision": JSONValue(most.map { "\($0.key)" }),
      "weights": .object(
        weights.reduce(into: [:]) { $0["\($1.key)"] = JSONValue($1.value) }),
      "inputs": .array(
        graph.inputs.map { input in
          [
            "name": .string(graph[input.value].name), "dtype": .string("\(input.dtype)"),
            "shape": input.dimensions.map { .array($0.map(Self.json)) } ?? .null,
          ]
        }),
      "outputs": .array(graph.outputs.map { .string(graph[$0].name) }),
    ]
  }

  private static func json(_ dimension: Dimension) -> JSONValue {
    switch dimension {
    case .fixed(let extent): JSONValue(extent)
    case .symbolic(let name): .string(name)
    }
  }
}

extension RawPath {
  fileprivate var lastComponentPath: RawPath { RawPath(bytes: lastComponent) }
}
