public import JSON
public import Testing

/// What a real model says about a photo, computed with Pillow, ONNX Runtime and autograd.
public struct ReferencePhoto: Sendable, CustomTestStringConvertible {
  /// One of the five most probable classes.
  public struct RankedClass: Sendable {
    public let index: Int
    public let id: String
    public let probability: Double
  }

  public let photo: String
  public let model: String
  /// Width and height after the orientation is applied.
  public let upright: [Int]
  public let top: [RankedClass]
  /// The automatic layer; `nil` when the tools could not explain the model.
  public let layer: String?

  public var testDescription: String { "\(photo) with \(model)" }

  /// Where the expected map of a method is among the maps.
  public func mapName(_ method: String) -> String { "\(photo).\(model)|\(method)" }

  public init(_ value: JSONValue) throws {
    guard let photo = value["photo"]?.string, let model = value["model"]?.string,
      let upright = value["upright"]?.array?.compactMap(\.int), upright.count == 2,
      let top = value["top5"]?.array
    else { throw Malformed("a photo's expectation is incomplete") }
    self.photo = photo
    self.model = model
    self.upright = upright
    self.layer = value["layer"]?.string
    self.top = try top.map { ranked in
      guard let index = ranked["index"]?.int, let id = ranked["id"]?.string,
        let probability = ranked["prob"]?.double
      else { throw Malformed("a class of \(photo) is incomplete") }
      return RankedClass(index: index, id: id, probability: probability)
    }
  }

  /// All expectations, in the order of the file.
  public static func all() throws -> [ReferencePhoto] {
    let path = "\(SharedFolder.path ?? "")/reference/photos/expected.jsonl"
    guard let bytes = Files.bytes(of: path) else { throw Malformed("\(path) cannot be read") }
    return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
      try ReferencePhoto(try JSONValue(parsing: Array(line)))
    }
  }

  /// The maps of all photos.
  public static func maps() throws -> NPZ {
    let path = "\(SharedFolder.path ?? "")/reference/photos/cams.npz"
    guard let bytes = Files.bytes(of: path) else { throw Malformed("\(path) cannot be read") }
    return try NPZ(bytes)
  }

  /// The file's bytes.
  public func bytes() throws -> [UInt8] {
    let photos = "\(SharedFolder.path ?? "")/photos"
    for folder in Files.names(in: photos).sorted() {
      if let bytes = Files.bytes(of: "\(photos)/\(folder)/\(photo)") { return bytes }
    }
    throw Malformed("\(photo) is not among the photos")
  }
}
