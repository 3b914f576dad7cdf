/// What a model version says about itself: `version.json`.
public struct ModelSpec: Sendable, Hashable {
  public var input: Input
  public var output = Output()
  public var labelsVersion: String
  public var calibration = Calibration()
  /// The layer that Grad-CAM explains unless told otherwise: `auto`, or a tensor or node name.
  public var gradCAMLayer = "auto"

  public init(input: Input, labelsVersion: String) {
    self.input = input
    self.labelsVersion = labelsVersion
  }

  /// How an upright image becomes the input tensor.
  public struct Input: Sendable, Hashable {
    /// The graph input; `nil` stands for the only one.
    public var name: String?
    public var width: Int
    public var height: Int
    public var layout = Layout.nchw
    public var color = Color.rgb
    public var resize: Resize
    public var crop = Crop.center
    /// The colour of padding, 0 to 255 per channel in the order of `color`; `nil` for black.
    public var pad: [Int]?
    /// Subtracted from pixels in the range 0 to 1, per channel in the order of `color`.
    public var mean: [Double]
    /// Divides what is left, per channel in the order of `color`.
    public var std: [Double]

    public init(width: Int, height: Int, resize: Resize, mean: [Double], std: [Double]) {
      self.width = width
      self.height = height
      self.resize = resize
      self.mean = mean
      self.std = std
    }
  }

  /// The order of the axes of the input.
  public enum Layout: String, Sendable, CaseIterable {
    case nchw = "NCHW"
    case nhwc = "NHWC"
  }

  /// The channels of the input, in order.
  public enum Color: String, Sendable, CaseIterable {
    case rgb = "RGB"
    case bgr = "BGR"
    case gray = "GRAY"

    public var channelCount: Int { self == .gray ? 1 : 3 }
  }

  /// How the image is scaled before the crop.
  public struct Resize: Sendable, Hashable {
    public var mode: Mode
    public var filter: Filter

    public init(_ mode: Mode, _ filter: Filter = .bilinear) {
      self.mode = mode
      self.filter = filter
    }

    public enum Mode: Sendable, Hashable {
      /// To the input size exactly, whatever happens to the aspect ratio.
      case stretch
      /// To this width and height, whatever happens to the aspect ratio.
      case stretchTo(width: Int, height: Int)
      /// So that the shorter side gets this size, aspect ratio kept.
      case shortSide(Int)
      /// So that the image covers this width and height, aspect ratio kept.
      case cover(width: Int, height: Int)
      /// So that the image fits into this width and height, aspect ratio kept.
      case contain(width: Int, height: Int)
    }

    public enum Filter: String, Sendable, CaseIterable {
      case nearest
      case box
      case bilinear
      case hamming
      case bicubic
      case lanczos
    }
  }

  /// What is cut out of the scaled image.
  public enum Crop: String, Sendable, CaseIterable {
    case none
    /// A window of the input size around the centre; of two middle offsets the even one.
    case center
    /// The same; of two middle offsets the lower one.
    case centerFloor = "center_floor"
  }

  /// The values that the graph returns.
  public struct Output: Sendable, Hashable {
    /// The graph output; `nil` stands for the first.
    public var name: String?
    public var activation = Activation.softmax

    public init() {}
  }

  /// What turns the graph's output into probabilities.
  public enum Activation: String, Sendable, CaseIterable {
    /// The graph returns probabilities already.
    case none
    case softmax
    /// Each class on its own.
    case sigmoid
  }

  /// The temperature that logits are divided by, and where it comes from.
  public struct Calibration: Sendable, Hashable {
    public var version = "none"
    public var temperature = 1.0

    public init() {}
  }
}
