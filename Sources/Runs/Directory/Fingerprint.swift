import Execution
import Faults
import FileAccess
import Images
import Inference
public import JSON
import Models
import Requests

/// Everything that can change a byte of the results, by name.
public struct Fingerprint: Sendable, Hashable {
  /// Grows whenever the tool computes or writes something differently.
  static let format = 3

  public let json: JSONValue

  init(json: JSONValue) {
    self.json = json
  }

  init(
    model: ModelVersion, request: InferenceRequest, engine: EngineOptions, layout: HeatmapLayout,
    savesLogits: Bool, compared: ComparedModel?, inputs: InputList, scanner: ItemScanner?
  ) {
    let limits = request.decoding.limits
    var members: [String: JSONValue] = [
      "format": JSONValue(Self.format),
      "model": Self.json(model),
      "classify": request.classify.json, "grad_cam": request.gradCAM.json,
      "resize": ["longest_side": request.resizeLongestSide.map(JSONValue.init) ?? .null],
      "limits": [
        "max_bytes": JSONValue(limits.maxBytes), "max_side": JSONValue(limits.maxSide),
        "max_pixels": JSONValue(limits.maxPixels),
        "max_aspect_ratio": limits.maxAspectRatio.map(JSONValue.init) ?? .null,
        "max_scans": JSONValue(limits.maxScans), "cpu_seconds": .double(limits.cpuSeconds),
        "max_codec_bytes": JSONValue(limits.maxCodecBytes),
      ],
      "decoding": [
        "decode": .string(request.decoding.mode.rawValue),
        "on_truncated": request.decoding.truncated == .pad ? "pad" : "fail",
        "page": request.decoding.page.map { JSONValue($0) } ?? .null,
      ],
      "kernels": .string(engine.kernels.rawValue), "layout": .string(layout.text),
      "numerics": .string(engine.numerics.rawValue),
      "precision": .string(engine.precision.rawValue),
      "machine": Self.machine(request, engine, inputs),
      // What it rejects is not computed.
      "scan_cmd": scanner.map { .string(RawPath(bytes: $0.command).identifier) } ?? .null,
      "inputs": Self.inputs(inputs),
    ]
    if let compared {
      members["compare"] = [
        "model": Self.json(compared.model), "mapping": compared.mapping.json,
      ]
    }
    if savesLogits { members["logits"] = ["classes": JSONValue(model.labels.count)] }
    json = .object(members)
  }

  /// How many logits are kept of each item; `nil` for none.
  var logitsCount: Int? { json["logits"]?["classes"]?.int }

  /// Where the heatmaps are; `nil` for a layout of another version.
  var layout: HeatmapLayout? { json["layout"]?.string.flatMap { HeatmapLayout($0) } }

  private static func json(_ model: ModelVersion) -> JSONValue {
    [
      "name": .string(model.name), "version": .string(model.version),
      "sha256": .string(model.sha256),
      "external_data": .object(model.externalSHA256.mapValues(JSONValue.string)),
      "labels_version": .string(model.labels.version),
      "labels_sha256": .string(model.labelsSHA256), "spec": model.spec.json,
    ]
  }

  private static func inputs(_ list: InputList) -> JSONValue {
    ["sha256": .string(list.sha256), "count": JSONValue(list.count)]
  }

  /// The same configuration with another list of inputs.
  func replacing(_ list: InputList) -> Fingerprint {
    var members = json.object ?? [:]
    members["inputs"] = Self.inputs(list)
    return Fingerprint(json: .object(members))
  }

  /// The kinds of processor that compute: the maps of inner layers are differentiated over BLAS.
  private static func machine(
    _ request: InferenceRequest, _ engine: EngineOptions, _ inputs: InputList
  ) -> JSONValue {
    let usesBLAS = engine.kernels == .blas || request.gradCAM.enabled || inputs.hasMapOptions
    return [
      "instruction_set": .string(
        MachineProfile.instructionSet(engine.instructionSet, engine.precision)),
      "blas_core": usesBLAS ? .string(MachineProfile.blasCore) : .null,
    ]
  }

  /// The fields in which another fingerprint differs, sorted by name.
  public func differences(from other: Fingerprint) -> [Difference] {
    let mine = Self.leaves(json)
    let others = Self.leaves(other.json)
    let names = Set(mine.keys).union(others.keys).sorted()
    return names.compactMap { name in
      let difference = Difference(
        field: name, mine: mine[name] ?? .null, other: others[name] ?? .null)
      return difference.mine == difference.other ? nil : difference
    }
  }

  /// A field with its values on both sides.
  public struct Difference: Sendable, Hashable {
    public var field: String
    public var mine: JSONValue
    public var other: JSONValue
  }

  private static func leaves(_ value: JSONValue, _ path: String = "") -> [String: JSONValue] {
    guard case .object(let members) = value, !members.isEmpty else { return [path: value] }
    return members.reduce(into: [:]) { result, member in
      let name = path.isEmpty ? member.key : path + "." + member.key
      result.merge(leaves(member.value, name)) { first, _ in first }
    }
  }
}

extension Fault {
  /// The fault of a run directory that was made with another configuration.
  init(run path: RawPath, differs differences: [Fingerprint.Difference]) {
    let shown = differences.prefix(3).map { difference in
      "\(difference.field) is \(difference.mine.summary) there and \(difference.other.summary) now"
    }
    let more = differences.count > 3 ? "; \(differences.count - 3) more" : ""
    self.init(
      .resourceVersionConflict,
      "\(path.display) holds a run with another configuration: "
        + shown.joined(separator: "; ") + more
        + ": choose another --output, or replace the run with --overwrite",
      details: [
        "differences": .array(
          differences.map { difference in
            .object([
              "field": .string(difference.field),
              "run": .string(difference.mine.encodedText),
              "request": .string(difference.other.encodedText),
            ])
          })
      ])
  }
}
