public import Faults
import Tensors

/// How a window operator finds its pads.
public enum AutoPad: Sendable, Hashable {
  /// The `pads` attribute.
  case notSet
  /// Enough for ceil(input / stride) outputs, the odd one at the end.
  case sameUpper
  /// Enough for ceil(input / stride) outputs, the odd one at the beginning.
  case sameLower
  /// None.
  case valid
}

/// One spatial axis of a convolution or a pooling, with everything resolved.
///
/// Output `o` sees the inputs `o * stride + k * dilation - padBegin` for `k` in `0..<kernel`.
public struct WindowAxis: Sendable, Hashable {
  public let input: Int
  public let kernel: Int
  public let stride: Int
  public let dilation: Int
  public let padBegin: Int
  public let padEnd: Int
  public let output: Int

  /// An axis whose figures are known to fit together.
  init(
    input: Int, kernel: Int, stride: Int, dilation: Int, padBegin: Int, padEnd: Int, output: Int
  ) {
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padBegin = padBegin
    self.padEnd = padEnd
    self.output = output
  }

  /// An axis with one element under a kernel of one, to pad a geometry to three axes.
  static let unit = WindowAxis(
    input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0, output: 1)

  /// The extent of the window with its dilation.
  public var reach: Int { (kernel - 1) * dilation + 1 }

  /// The outputs whose window has an input, not a pad, under kernel element `k`.
  func outputs(under k: Int) -> Range<Int> {
    let offset = padBegin - k * dilation
    let lower = offset > 0 ? (offset + stride - 1) / stride : 0
    let last = input - 1 + offset
    let upper = last < 0 ? 0 : min(output, last / stride + 1)
    return lower < upper ? lower..<upper : 0..<0
  }
}

/// The spatial axes of a convolution or a pooling, outermost first.
public struct WindowGeometry: Sendable, Hashable {
  public let axes: [WindowAxis]

  public init(axes: [WindowAxis]) {
    self.axes = axes
  }

  public var output: [Int] { axes.map(\.output) }
  public var kernelCount: Int { axes.reduce(1) { $0 * $1.kernel } }

  /// Whether every output sees exactly the input at its own place.
  public var isIdentity: Bool {
    axes.allSatisfy { $0.kernel == 1 && $0.stride == 1 && $0.padBegin == 0 && $0.padEnd == 0 }
  }
}

extension WindowGeometry {
  /// The window attributes of an ONNX node; `nil` stands for an attribute that is left out.
  public struct Attributes: Sendable {
    public var strides: [Int]?
    /// The begins of all axes, then the ends.
    public var pads: [Int]?
    public var dilations: [Int]?
    public var autoPad: AutoPad
    public var ceilMode: Bool

    public init(
      strides: [Int]?, pads: [Int]?, dilations: [Int]?, autoPad: AutoPad, ceilMode: Bool = false
    ) {
      self.strides = strides
      self.pads = pads
      self.dilations = dilations
      self.autoPad = autoPad
      self.ceilMode = ceilMode
    }

    /// The attributes with defaults filled in, refused when they do not fit `rank` or one another.
    func resolved(rank: Int) throws(Fault) -> (strides: [Int], pads: [Int], dilations: [Int]) {
      let strides = strides ?? [Int](repeating: 1, count: rank)
      let pads = pads ?? [Int](repeating: 0, count: 2 * rank)
      let dilations = dilations ?? [Int](repeating: 1, count: rank)
      try Self.check("strides", strides, count: rank, minimum: 1)
      try Self.check("pads", pads, count: 2 * rank, minimum: 0)
      try Self.check("dilations", dilations, count: rank, minimum: 1)
      return (strides, pads, dilations)
    }

    static func check(
      _ name: String, _ values: [Int], count: Int, minimum: Int
    ) throws(Fault) {
      guard values.count == count else {
        throw Fault(.modelInvalid, "\(name) has \(values.count) entries where \(count) are needed")
      }
      for value in values where value < minimum || value > Int(Int32.max) {
        throw Fault(.modelInvalid, "\(name) contains \(value), outside \(minimum)...\(Int32.max)")
      }
    }
  }

  /// Resolves the pads and the output extents of a window over an input.
  ///
  /// - Parameter input: the spatial extents of the input, as many as of the kernel.
  /// - Throws: `Fault` with code `model.invalid` when an attribute is out of range or the kernel
  ///   is larger than the padded input, with `ceilMode` by a stride or more.
  public init(input: [Int], kernel: [Int], attributes: Attributes) throws(Fault) {
    let rank = try Self.checkedRank(input)
    try Attributes.check("kernel_shape", kernel, count: rank, minimum: 1)
    let (strides, pads, dilations) = try attributes.resolved(rank: rank)
    var axes: [WindowAxis] = []
    for axis in 0..<rank {
      axes.append(
        try WindowAxis(
          input: input[axis], kernel: kernel[axis], stride: strides[axis],
          dilation: dilations[axis], pads: (pads[axis], pads[axis + rank]),
          autoPad: attributes.autoPad, ceilMode: attributes.ceilMode))
    }
    try self.init(checking: axes)
  }

  /// The axes, refused when a plane or a window of them is larger than any tensor can be.
  init(checking axes: [WindowAxis]) throws(Fault) {
    self.init(axes: axes)
    for extents in [axes.map(\.input), axes.map(\.kernel), axes.map(\.output)] {
      guard try Shape(extents).checkedElementCount() <= Int(Int32.max) else {
        throw Fault(.modelInvalid, "a window or plane of \(Shape(extents)) is too large")
      }
    }
  }

  static func checkedRank(_ input: [Int]) throws(Fault) -> Int {
    guard (1...3).contains(input.count) else {
      throw Fault(
        .modelInvalid,
        "an input with \(input.count) spatial axes is not supported: it needs 1, 2 or 3")
    }
    for extent in input where extent < 1 || extent > Int(Int32.max) {
      throw Fault(.modelInvalid, "a spatial extent of \(extent) is outside 1...\(Int32.max)")
    }
    return input.count
  }
}

extension WindowAxis {
  /// Resolves the pads and the output of one axis; every figure is at most `Int32.max`.
  fileprivate init(
    input: Int, kernel: Int, stride: Int, dilation: Int, pads: (begin: Int, end: Int),
    autoPad: AutoPad, ceilMode: Bool
  ) throws(Fault) {
    let reach = (kernel - 1) * dilation + 1
    var (begin, end) = pads
    switch autoPad {
    case .notSet: break
    case .valid: (begin, end) = (0, 0)
    case .sameUpper, .sameLower:
      let output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + reach - input)
      begin = autoPad == .sameUpper ? total / 2 : total - total / 2
      end = total - begin
    }
    let padded = input + begin + end
    // Rounding up, one window may begin inside and end anywhere beyond.
    guard reach <= padded || ceilMode && reach - padded < stride else {
      throw Fault(
        .modelInvalid,
        "the kernel of \(kernel) (dilation \(dilation)) is larger than the padded input of \(padded)"
      )
    }
    var output = (padded - reach) / stride + 1
    if ceilMode {
      output = (padded - reach + stride - 1) / stride + 1
      // The last window must start inside the input or the pads before it.
      if (output - 1) * stride >= input + begin { output -= 1 }
    }
    // Taps that no window can put on the padded input are left out.
    self.init(
      input: input, kernel: min(kernel, (padded - 1) / dilation + 1), stride: stride,
      dilation: dilation, padBegin: begin, padEnd: end, output: output)
  }
}
