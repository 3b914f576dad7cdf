/// Whether and how a decision is explained by a class activation map.
public struct GradCAMOptions: Sendable, Hashable {
  public var enabled = false
  /// Each is `auto` or the name of a tensor or node; a name that no layer has may be several names
  /// with commas between them.
  public var layers = ["auto"]
  /// How the maps of several layers become one.
  public var fuse = Fuse.mean
  public var method = Method.gradcam
  /// The classes that are explained, one map each.
  public var targets: [Target] = [.top1]
  public var score = Score.logit
  /// `nil` for the one that suits the normalisation.
  public var colormap: Colormap?
  /// Whether the PNG shows the heatmap over the image instead of the heatmap alone.
  public var overlay = false
  /// How much of the heatmap an overlay shows, from 0 to 1.
  public var alpha = 0.4
  /// The files wanted; the raw map is kept in any case.
  public var formats: [HeatmapFormat] = [.png]
  public var resolution = Resolution.input
  public var normalize = Normalization.max
  /// The share of a map's maximum above which its largest region is boxed; `nil` for no box.
  public var box: Double?
  /// Whether deletion and insertion scores are taken.
  public var faithfulness = false
  /// Steps of each of the two curves.
  public var faithfulnessSteps = 50

  public static let alphaRange = 0.0...1.0
  public static let resolutionRange = 1...16_384
  /// How many layers can be fused.
  public static let layerCountRange = 1...16
  /// How many targets can be listed.
  public static let targetCountRange = 1...1000
  /// Zero itself is excluded.
  public static let boxRange = 0.0...1.0
  public static let faithfulnessStepsRange = 1...1000

  public init() {}

  /// Whether every class is explained.
  public var explainsAll: Bool { targets.contains(.all) }

  /// Whether an item may have several maps, so that their files name the class.
  public var explainsSeveral: Bool {
    targets.count > 1 || targets.contains(.topk) || explainsAll
  }

  /// The colours that are drawn.
  public var effectiveColormap: Colormap { colormap ?? (normalize == .signed ? .coolwarm : .jet) }

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
    /// Blue over gray to red, for signed maps.
    case coolwarm
    /// Blue over white to red, for signed maps.
    case bwr
  }

  /// How the maps of several layers become one.
  public enum Fuse: String, Sendable, CaseIterable {
    case mean
    /// The strongest value of each place.
    case max
  }

  /// How a map is brought to the range 0 to 1, or -1 to 1.
  public enum Normalization: String, Sendable, CaseIterable {
    /// By its maximum, after negative values are cut off.
    case max
    /// By its minimum and maximum.
    case minmax
    /// By its largest magnitude; negative values, which speak against the class, stay.
    case signed
    /// By the maximum over all maps of the run.
    case run
    case none

    /// The normalisations that this version computes.
    public static let supported: [Normalization] = [.max, .minmax, .signed, .none]
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

  /// A class that is explained, or several.
  public enum Target: Sendable, Hashable {
    case top1
    /// Each reported class, one map each.
    case topk
    /// Each class the model has, one map each.
    case all
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
