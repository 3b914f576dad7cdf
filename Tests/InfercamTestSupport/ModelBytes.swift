/// Writes small ONNX files for tests.
public struct ModelBytes: Sendable {
  public var irVersion = 8
  public var opset: Int? = 17
  public private(set) var graph = ProtobufWriter()

  public init() {}

  /// Adds an input or an output (field 11 or 12); an extent is a number or a name.
  public mutating func value(_ field: Int, _ name: String, type: Int = 1, _ extents: [Extent]) {
    graph.message(field) { info in
      info.string(1, name)
      info.message(2) { typeMessage in
        typeMessage.message(1) { tensor in
          tensor.int(1, type)
          tensor.message(2) { shape in
            for extent in extents { shape.message(1) { extent.write(to: &$0) } }
          }
        }
      }
    }
  }

  public mutating func input(_ name: String, type: Int = 1, _ extents: [Extent]) {
    value(11, name, type: type, extents)
  }

  public mutating func output(_ name: String, type: Int = 1, _ extents: [Extent] = []) {
    value(12, name, type: type, extents)
  }

  public mutating func node(
    _ opType: String, _ inputs: [String], _ outputs: [String], name: String = "",
    domain: String = "", attributes: (inout ProtobufWriter) -> Void = { _ in }
  ) {
    graph.message(1) { node in
      for input in inputs { node.string(1, input) }
      for output in outputs { node.string(2, output) }
      if !name.isEmpty { node.string(3, name) }
      node.string(4, opType)
      if !domain.isEmpty { node.string(7, domain) }
      attributes(&node)
    }
  }

  /// Adds an initializer whose body the caller writes.
  public mutating func initializer(
    _ name: String, type: Int = 1, dims: [Int], _ body: (inout ProtobufWriter) -> Void
  ) {
    graph.message(5) { tensor in
      tensor.packed(1, dims)
      tensor.int(2, type)
      tensor.string(8, name)
      body(&tensor)
    }
  }

  /// Adds a float32 initializer in `raw_data`.
  public mutating func floats(_ name: String, dims: [Int], _ values: [Float]) {
    initializer(name, dims: dims) { $0.raw(9, rawBytes(values)) }
  }

  /// The bytes of the whole file.
  public func bytes() -> [UInt8] {
    var model = ProtobufWriter()
    model.int(1, irVersion)
    model.string(2, "test")
    if let opset { model.message(8) { $0.int(2, opset) } }
    model.raw(7, graph.bytes)
    return model.bytes
  }

  /// An extent as ONNX writes it.
  public enum Extent: Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case fixed(Int)
    case symbolic(String)

    public init(integerLiteral value: Int) { self = .fixed(value) }
    public init(stringLiteral value: String) { self = .symbolic(value) }

    func write(to dimension: inout ProtobufWriter) {
      switch self {
      case .fixed(let extent): dimension.int(1, extent)
      case .symbolic(let name): dimension.string(2, name)
      }
    }
  }
}

/// The little-endian bytes of numbers.
public func rawBytes<T: BitwiseCopyable>(_ values: [T]) -> [UInt8] {
  values.withUnsafeBytes { Array($0) }
}
