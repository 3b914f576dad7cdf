import Execution
import Faults
public import Inference
public import JSON
import Models

/// What is expected of all inputs on one kind of machine.
public struct GoldenBaseline: Sendable, Hashable {
  /// The instruction set of the kernels, and the processor that OpenBLAS computes for.
  public var profile: MachineFacts
  public var kernels: String
  public var numerics: String
  /// The model that was recorded: name, version, digests, and its specification.
  public var model: JSONValue
  /// The labels, below the folder of the golden.
  public var labels: String
  /// How heatmaps were made; `nil` when none were.
  public var explanation: ExplanationChoice?
  /// Whether every layer was recorded, so that new ones are looked at too.
  public var hasAllLayers: Bool
  public var items: [GoldenItem]

  /// The inputs by their digests.
  var inputs: [String] { items.map(\.sha256) }

  var json: JSONValue {
    [
      "profile": profile.json, "kernels": .string(kernels), "numerics": .string(numerics),
      "model": model, "labels": .string(labels), "explanation": explanation?.json ?? .null,
      "all_layers": .bool(hasAllLayers), "items": .array(items.map(\.json)),
    ]
  }

  init(
    model: ModelVersion, engine: EngineOptions, labels: String, explanation: ExplanationChoice?,
    hasAllLayers: Bool, items: [GoldenItem]
  ) {
    profile = MachineFacts(engine)
    kernels = engine.kernels.rawValue
    numerics = engine.numerics.rawValue
    self.model = model.goldenIdentity
    self.labels = labels
    self.explanation = explanation
    self.hasAllLayers = hasAllLayers
    self.items = items
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    profile = try MachineFacts(json.need("profile"))
    kernels = try json.need("kernels").needString()
    numerics = try json.need("numerics").needString()
    model = try json.need("model")
    labels = try json.need("labels").needString()
    if !isPlainPath(labels) { throw GoldenDamage("labels \(labels) leads out of the folder") }
    if let value = json["explanation"], !value.isNull {
      explanation = try ExplanationChoice(value)
    }
    hasAllLayers = json["all_layers"]?.bool ?? false
    items = try json.need("items").needArray().map { value throws(GoldenDamage) in
      try GoldenItem(value)
    }
    if items.isEmpty { throw GoldenDamage("a baseline has no items") }
  }

  /// The layers that it holds.
  public var layers: LayerSelection {
    if hasAllLayers { return .all }
    let names = items[0].stages.compactMap { record in
      if case .layer(let name) = record.stage { name } else { nil }
    }
    return names.isEmpty ? .none : .named(names)
  }

  /// Whether it was recorded by the same kind of machine with the same kernels.
  public func isOf(_ engine: EngineOptions) -> Bool {
    profile == MachineFacts(engine) && hasEngine(engine)
  }

  func hasEngine(_ engine: EngineOptions) -> Bool {
    kernels == engine.kernels.rawValue && numerics == engine.numerics.rawValue
  }

  /// The name and version of the model that was recorded.
  public var modelName: String {
    "\(model["name"]?.string ?? "?")@\(model["version"]?.string ?? "?")"
  }
}

/// What the last bits of numbers depend on beside the model.
public struct MachineFacts: Sendable, Hashable {
  public var instructionSet: String
  public var blasCore: String

  /// This machine, as an engine uses it.
  public init(_ engine: EngineOptions) {
    instructionSet = MachineProfile.instructionSet(engine.instructionSet, engine.precision)
    blasCore = MachineProfile.blasCore
  }

  public var json: JSONValue {
    ["instruction_set": .string(instructionSet), "blas_core": .string(blasCore)]
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    instructionSet = try json.need("instruction_set").needString()
    blasCore = try json.need("blas_core").needString()
  }

  /// The profile in a few words.
  public var text: String { "\(instructionSet), BLAS \(blasCore)" }
}

extension ModelVersion {
  /// What decides about the values of a golden.
  var goldenIdentity: JSONValue {
    var members = spec.json.object ?? [:]
    members["schema"] = nil
    members["name"] = .string(name)
    members["version"] = .string(version)
    members["sha256"] = .string(sha256)
    if !externalSHA256.isEmpty {
      members["external_data"] = .object(externalSHA256.mapValues(JSONValue.string))
    }
    members["labels_sha256"] = .string(labelsSHA256)
    return .object(members)
  }
}
