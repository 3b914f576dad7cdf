public import Graphs
public import Tensors

/// A small vision transformer over an image [1, 3, 8, 12], cut into 2 x 3 patches.
///
/// Patches → tokens (behind a class token, if it has one) → one or more blocks of attention and
/// a residual → normalisation → scores from the class token, or from the mean of all tokens.
public struct TokenNetwork {
  /// What the scores are computed from.
  public enum Readout: Sendable, CaseIterable {
    case classToken
    case mean
  }

  public var builder = GraphBuilder()
  public let image: ValueID
  /// [1, C, 2, 3]
  public let patches: ValueID
  /// What each block adds the attention to, [1, T, C].
  public private(set) var streams: [ValueID] = []
  /// The output of each block's normalisation, [1, T, C].
  public private(set) var normalized: [ValueID] = []
  /// The matrix of each attention, [1, T, T].
  public private(set) var attentions: [ValueID] = []
  /// The last normalisation, [1, T, C].
  public private(set) var final = ValueID(0)
  public private(set) var scores = ValueID(0)

  public static let imageShape: Shape = [1, 3, 8, 12]
  public static let channels = 4

  public init(blocks: Int, readout: Readout) {
    image = builder.input("image", Self.imageShape)
    patches = builder.node(
      Conv(kernelShape: [4, 4], strides: [4, 4]),
      [image, builder.seeded("patch", [Self.channels, 3, 4, 4])], output: "patches")
    let sequence = builder.reshape(patches, [1, Self.channels, 6], "sequence")
    var stream = builder.node(Transpose(perm: [0, 2, 1]), [sequence], output: "tokens")
    if readout == .classToken {
      let token = builder.seeded("class", [1, 1, Self.channels])
      stream = builder.node(Concat(axis: 1), [token, stream], output: "joined")
    }
    for block in 0..<blocks { stream = attend(stream, block) }
    streams.append(stream)
    final = normalize(stream, "final")
    let read: ValueID
    switch readout {
    case .classToken:
      let first = builder.constant("first", Tensor(scalar: Int64(0)))
      read = builder.node(Gather(axis: 1), [final, first], output: "read")
    case .mean:
      read = builder.node(ReduceMean(axes: [1], keepdims: false), [final], output: "read")
    }
    scores = builder.node(
      Gemm(), [read, builder.seeded("head", [Self.channels, 5])], output: "scores")
  }

  /// The network, ready to run.
  public func graph() throws -> Graph {
    try builder.finish(outputs: [scores]).specialized()
  }

  private mutating func normalize(_ x: ValueID, _ name: String) -> ValueID {
    builder.node(
      LayerNormalization(),
      [
        x, builder.seeded("\(name).scale", [Self.channels]),
        builder.seeded("\(name).bias", [Self.channels]),
      ], output: name)
  }

  private mutating func attend(_ x: ValueID, _ block: Int) -> ValueID {
    streams.append(x)
    let normal = normalize(x, "norm\(block)")
    normalized.append(normal)
    let weight = builder.seeded("qkv\(block)", [Self.channels, 3 * Self.channels])
    let product = builder.node(MatMul(), [normal, weight], output: "product\(block)")
    let projected = builder.node(
      Add(), [product, builder.seeded("shift\(block)", [3 * Self.channels])],
      output: "projected\(block)")
    let parts = builder.node(
      Split(axis: 2, numOutputs: 3), [projected],
      outputs: ["q\(block)", "k\(block)", "v\(block)"], name: "split\(block)")
    let keys = builder.node(Transpose(perm: [0, 2, 1]), [parts[1]], output: "kT\(block)")
    let logits = builder.node(MatMul(), [parts[0], keys], output: "attention\(block)")
    let shares = builder.node(Softmax(axis: -1), [logits], output: "shares\(block)")
    attentions.append(shares)
    let mixed = builder.node(MatMul(), [shares, parts[2]], output: "mixed\(block)")
    return builder.node(Add(), [x, mixed], output: "stream\(block)")
  }
}

extension GraphBuilder {
  /// Adds a constant of seeded random elements, which depend on the name.
  public mutating func seeded(_ name: String, _ shape: Shape) -> ValueID {
    var seeded = SeededTensors(seed: UInt64(name.utf8.reduce(7) { $0 * 31 % 65_521 + Int($1) }))
    return constant(name, seeded.uniform(shape, of: Float.self))
  }

  /// Adds a reshaping to fixed extents.
  public mutating func reshape(_ x: ValueID, _ extents: [Int], _ name: String) -> ValueID {
    let shape = Tensor(extents.map(Int64.init), shape: [extents.count])
    return node(Reshape(), [x, constant("\(name).shape", shape)], output: name)
  }
}
