import Faults
import Graphs

/// A `ModelProto` as read from the wire.
///
/// Source: onnx.proto3 of ONNX 1.19.
struct ModelMessage {
  var irVersion = 0
  var producerName = ""
  var producerVersion = ""
  /// Versions of the operator sets by domain; `ai.onnx` is stored as the empty domain.
  var opsets: [String: Int] = [:]
  var metadata: [String: String] = [:]
  var graph: GraphMessage?

  init(_ reader: WireReader) throws(Fault) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: irVersion = try reader.int(field)
      case 2: producerName = try reader.string(field)
      case 3: producerVersion = try reader.string(field)
      case 7:
        guard graph == nil else { throw reader.malformed(at: field.offset, "a second graph") }
        graph = try GraphMessage(try reader.message(field))
      case 8:
        let (domain, version) = try Self.opset(try reader.message(field))
        opsets[domain] = version
      case 14:
        let (key, value) = try Self.entry(try reader.message(field))
        metadata[key] = value
      default: break
      }
    }
  }

  private static func opset(_ reader: WireReader) throws(Fault) -> (String, Int) {
    var reader = reader
    var domain = ""
    var version = 0
    while let field = try reader.next() {
      switch field.number {
      case 1: domain = try reader.string(field)
      case 2: version = try reader.int(field)
      default: break
      }
    }
    return (domain == "ai.onnx" ? "" : domain, version)
  }

  /// Reads a pair of key and value.
  static func entry(_ reader: WireReader) throws(Fault) -> (String, String) {
    var reader = reader
    var key = ""
    var value = ""
    while let field = try reader.next() {
      switch field.number {
      case 1: key = try reader.string(field)
      case 2: value = try reader.string(field)
      default: break
      }
    }
    return (key, value)
  }
}

/// A `GraphProto` as read from the wire.
struct GraphMessage {
  /// No known classifier has a tenth of this; the limit bounds the work on a hostile file.
  static let nodeLimit = 100_000
  /// How deep graphs may lie in nodes of graphs.
  static let depthLimit = 8

  var nodes: [NodeMessage] = []
  var initializers: [TensorMessage] = []
  var inputs: [ValueInfoMessage] = []
  var outputs: [ValueInfoMessage] = []

  init(_ reader: WireReader, depth: Int = 0) throws(Fault) {
    guard depth <= Self.depthLimit else {
      throw Fault(.modelInvalid, "the model nests more than \(Self.depthLimit) graphs")
    }
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1:
        guard nodes.count < Self.nodeLimit else {
          throw Fault(.modelInvalid, "the model has more than \(Self.nodeLimit) nodes")
        }
        nodes.append(
          try NodeMessage(try reader.message(field), offset: field.offset, depth: depth))
      case 5:
        initializers.append(
          try TensorMessage(try reader.message(field), offset: field.offset))
      case 11: inputs.append(try ValueInfoMessage(try reader.message(field)))
      case 12: outputs.append(try ValueInfoMessage(try reader.message(field)))
      case 15:
        throw Fault(
          .modelInvalid,
          "byte \(field.offset): sparse initializers are not supported: export dense weights")
      default: break
      }
    }
  }
}

extension GraphMessage {
  /// The nodes of the graphs that lie in this one's nodes.
  var nestedNodes: [NodeMessage] {
    nodes.flatMap { $0.attributes.compactMap(\.graph) }.flatMap { $0.nodes + $0.nestedNodes }
  }
}

/// A `ValueInfoProto` as read from the wire; only tensor types are told apart.
struct ValueInfoMessage {
  var name = ""
  /// `nil` when the value is not a tensor.
  var dataType: Int?
  /// `nil` when no shape is declared.
  var dimensions: [Dimension]?

  init(_ reader: WireReader) throws(Fault) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.string(field)
      case 2: try readType(try reader.message(field))
      default: break
      }
    }
  }

  private mutating func readType(_ reader: WireReader) throws(Fault) {
    var reader = reader
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      var tensor = try reader.message(field)
      while let field = try tensor.next() {
        switch field.number {
        case 1: dataType = try tensor.int(field)
        case 2: dimensions = try Self.dimensions(try tensor.message(field))
        default: break
        }
      }
    }
  }

  private static func dimensions(_ reader: WireReader) throws(Fault) -> [Dimension] {
    var reader = reader
    var dimensions: [Dimension] = []
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      var dimension = Dimension.symbolic("")
      var inner = try reader.message(field)
      while let field = try inner.next() {
        switch field.number {
        case 1:
          // Some exporters write -1 for an extent that is not known.
          let extent = try inner.int(field)
          dimension = extent < 0 ? .symbolic("") : .fixed(extent)
        case 2: dimension = .symbolic(try inner.string(field))
        default: break
        }
      }
      dimensions.append(dimension)
    }
    return dimensions
  }
}
