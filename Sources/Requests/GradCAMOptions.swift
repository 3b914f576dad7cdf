/// Whether and how a decision is explained by a class activation map.
public struct GradCAMOptions: Sendable, Hashable {
  public var enabled = false
  /// `auto`, or the name of a tensor or node.
  public var layer = "auto"
  public var method = Method.gradcam
  public var target = Target.top1
  public var score = Score.logit
  public var colormap = Colormap.jet
  /// Whether the PNG shows the heatmap over the image instead of the heatmap alone.
  public var overlay = false
  /// How much of the heatmap an overlay shows, from 0 to 1.
  public var alpha = 0.4
  /// The files wanted; the raw map is kept in any case.
  public var formats: [HeatmapFormat] = [.png]
  public var resolution = Resolution.input
  public var normalize = Normalization.max

  public static let alphaRange = 0.0...1.0
  public static let resolutionRange = 1...16_384

  public init() {}

  /// How a map is made of the activations of the layer.
  public enum Method: String, Sendable, CaseIterable {
    case gradcam
    case hirescam
    case gradcamPlusPlus = "gradcam_plusplus"
    case xgradcam
    case layercam
    /// The same for every class.
    case eigencam
    /// Runs the whole network once for every channel of the layer.
    case scorecam
  }

  /// The number that is explained.
  public enum Score: String, Sendable, CaseIterable {
    /// The class's score before the final activation.
    case logit
    case probability
    /// How far the class's logit is ahead of the largest other one.
    case margin
  }

  /// The colours of a heatmap.
  public enum Colormap: String, Sendable, CaseIterable {
    case jet
    case turbo
    case viridis
    case magma
    case inferno
    case gray
  }

  /// How a map is brought to the range 0 to 1.
  public enum Normalization: String, Sendable, CaseIterable {
    /// By its maximum, after negative values are cut off.
    case max
    /// By its minimum and maximum.
    case minmax
    /// By the maximum over all maps of the run.
    case run
    case none

    /// The normalisations that this version computes.
    public static let supported: [Normalization] = [.max, .minmax, .none]
  }

  /// The size of a heatmap.
  public enum Resolution: Sendable, Hashable {
    /// The size of the upright input image.
    case input
    /// The size of the model's input.
    case model
    /// The size of the explained layer.
    case cam
    case size(width: Int, height: Int)
  }

  /// The class that is explained.
  public enum Target: Sendable, Hashable {
    case top1
    /// Each reported class, one map each.
    case topk
    /// The class given as the item's label.
    case label
    case index(Int)
    /// A class id, or else a class label.
    case named(String)
  }
}

/// A file that shows a class activation map.
public enum HeatmapFormat: String, Sendable, CaseIterable {
  /// Colours, at the chosen resolution, blended over the image if so asked.
  case png
  /// Normalised Float32 values at the chosen resolution.
  case npy
  /// The signed Float32 map at the resolution of the layer, before any normalisation. Not a choice
  /// of the user: a run always keeps it.
  case raw

  /// The formats that can be asked for.
  public static let selectable: [HeatmapFormat] = [.png, .npy]
}
