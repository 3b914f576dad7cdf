public import JSON
public import Testing

/// A network with stored inputs, logits and class activation maps, under `shared/reference`.
public struct ReferenceCase: Sendable, CustomTestStringConvertible {
  /// `graphs` or `full`.
  public let collection: String
  public let name: String

  public var testDescription: String { "\(collection)/\(name)" }

  /// Tiny networks of many families; empty when the material is absent.
  public static let graphs = cases(in: "graphs")
  /// Networks of real size, their weights random.
  public static let full = cases(in: "full")

  private static func cases(in collection: String) -> [ReferenceCase] {
    guard let shared = SharedFolder.path else { return [] }
    return Files.names(in: "\(shared)/reference/\(collection)").sorted()
      .map { ReferenceCase(collection: collection, name: $0) }
  }

  /// The bytes of the ONNX file, weights included.
  public func model() throws -> [UInt8] {
    collection == "full"
      ? try SkeletonWeights.filled(try file("skeleton.onnx")) : try file("model.onnx")
  }

  /// The tensor that is given, as ONNX stores it: several images, [N, C, H, W].
  public func input() throws -> [UInt8] { try file("test_data_set_0/input_0.pb") }

  /// The expected logits, as ONNX stores them.
  public func output() throws -> [UInt8] { try file("test_data_set_0/output_0.pb") }

  /// The maps by `layer|rank|method|image`: after ReLU, of the logit, at the layer's resolution.
  public func maps() throws -> NPZ { try NPZ(try file("cams.npz")) }

  /// What is explained.
  public func explanations() throws -> ReferenceExplanations {
    try ReferenceExplanations(try JSONValue(parsing: try file("reference.json")))
  }

  private func file(_ name: String) throws -> [UInt8] {
    let path = "\(SharedFolder.path ?? "")/reference/\(collection)/\(self.name)/\(name)"
    guard let bytes = Files.bytes(of: path) else { throw Malformed("\(path) cannot be read") }
    return bytes
  }
}

/// The layers and classes that a reference case has maps of.
public struct ReferenceExplanations: Sendable {
  /// A layer by its role in the names of the maps.
  public struct Layer: Sendable {
    public let role: String
    public let tensor: String
    /// The extents for one image.
    public let shape: [Int]
  }

  /// A class by its rank among the logits, as the names of the maps have it; one for each image.
  public struct Rank: Sendable {
    public let name: String
    public let classes: [Int]
  }

  public let layers: [Layer]
  public let ranks: [Rank]

  public init(_ value: JSONValue) throws {
    guard let layers = value["layers"]?.object, let ranks = value["classes"]?.object else {
      throw Malformed("the case names no layers and classes")
    }
    self.layers = try layers.sorted { $0.key < $1.key }.map { role, layer in
      guard let tensor = layer["tensor"]?.string,
        let extents = layer["shape"]?.array?.compactMap(\.int), !extents.isEmpty
      else { throw Malformed("layer \(role) has no tensor or shape") }
      return Layer(role: role, tensor: tensor, shape: [1] + extents.dropFirst())
    }
    self.ranks = ranks.sorted { $0.key < $1.key }.map { name, classes in
      Rank(name: name, classes: classes.array?.compactMap(\.int) ?? [])
    }
  }
}
