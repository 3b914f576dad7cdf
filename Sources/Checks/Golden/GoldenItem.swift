import Faults
import JSON
import Requests

/// What is expected of one input.
public struct GoldenItem: Sendable, Hashable {
  /// The file below the folder of the golden.
  public var file: String
  /// The name that the input had when it was recorded.
  public var name: String
  /// The SHA-256 of the file.
  public var sha256: String
  /// In the order of the way, layers in the order of the graph.
  public var stages: [StageRecord]
  /// The classes with the highest probabilities, best first.
  public var classes: [ExpectedClass]
  /// The heatmap; `nil` when none was recorded.
  public var heatmap: ExpectedHeatmap?

  var json: JSONValue {
    [
      "file": .string(file), "name": .string(name), "sha256": .string(sha256),
      "stages": .array(stages.map(\.json)), "classes": .array(classes.map(\.json)),
      "heatmap": heatmap?.json ?? .null,
    ]
  }

  init(
    file: String, name: String, sha256: String, stages: [StageRecord], classes: [ExpectedClass],
    heatmap: ExpectedHeatmap?
  ) {
    self.file = file
    self.name = name
    self.sha256 = sha256
    self.stages = stages
    self.classes = classes
    self.heatmap = heatmap
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    file = try json.need("file").needString()
    name = try json.need("name").needString()
    sha256 = try json.need("sha256").needString()
    stages = try json.need("stages").needArray().map { value throws(GoldenDamage) in
      try StageRecord(value)
    }
    classes = try json.need("classes").needArray().map { value throws(GoldenDamage) in
      try ExpectedClass(value)
    }
    if let value = json["heatmap"], !value.isNull { heatmap = try ExpectedHeatmap(value) }
    if !isPlainPath(file) { throw GoldenDamage("file \(file) leads out of the folder") }
  }
}

/// The values of a stage: their digest, and the array where it is kept.
public struct StageRecord: Sendable, Hashable {
  public var stage: Stage
  public var dtype: String
  public var shape: [Int]
  /// The SHA-256 of the elements.
  public var sha256: String
  /// The array below the folder of the golden; `nil` where only the digest is kept.
  public var file: String?

  init(_ stage: Stage, _ array: StageArray, file: String? = nil) {
    self.stage = stage
    dtype = array.dtype
    shape = array.shape
    sha256 = array.sha256
    self.file = file
  }

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "stage": .string(stage.name), "dtype": .string(dtype),
      "shape": .array(shape.map { JSONValue($0) }), "sha256": .string(sha256),
    ]
    if let file { members["file"] = .string(file) }
    return .object(members)
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    let name = try json.need("stage").needString()
    guard let stage = Stage(name: name) else { throw GoldenDamage("there is no stage \(name)") }
    self.stage = stage
    dtype = try json.need("dtype").needString()
    shape = try json.need("shape").needArray().map { value throws(GoldenDamage) in
      try value.needInt()
    }
    sha256 = try json.need("sha256").needString()
    file = json["file"]?.string
    if let file, !isPlainPath(file) { throw GoldenDamage("file \(file) leads out of the folder") }
  }
}

/// A class with its expected probability.
public struct ExpectedClass: Sendable, Hashable {
  public var index: Int
  public var id: String
  public var label: String
  public var probability: Float

  init(index: Int, id: String, label: String, probability: Float) {
    self.index = index
    self.id = id
    self.label = label
    self.probability = probability
  }

  var json: JSONValue {
    [
      "index": JSONValue(index), "id": .string(id), "label": .string(label),
      "prob": .float(probability),
    ]
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    index = try json.need("index").needInt()
    id = try json.need("id").needString()
    label = try json.need("label").needString()
    probability = Float(try json.need("prob").needDouble())
  }
}

/// Which map was recorded, and where it lies; its values are those of the stage `cam`.
public struct ExpectedHeatmap: Sendable, Hashable {
  public var layer: String
  public var classIndex: Int
  /// From grid cells to pixels of the upright input.
  public var toInput: [Double]

  init(layer: String, classIndex: Int, toInput: [Double]) {
    self.layer = layer
    self.classIndex = classIndex
    self.toInput = toInput
  }

  var json: JSONValue {
    [
      "layer": .string(layer), "class_index": JSONValue(classIndex),
      "to_input": .array(toInput.map(JSONValue.double)),
    ]
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    layer = try json.need("layer").needString()
    classIndex = try json.need("class_index").needInt()
    toInput = try json.need("to_input").needArray().map { value throws(GoldenDamage) in
      try value.needDouble()
    }
    if toInput.count != 6 { throw GoldenDamage("to_input must have 6 numbers") }
  }
}
