/// What a configuration file or the caller says about preprocessing in place of a preset.
public struct PreprocessingChanges: Sendable, Hashable {
  public var width: Int?
  public var height: Int?
  public var resize: ModelSpec.Resize.Mode?
  public var filter: ModelSpec.Resize.Filter?
  public var crop: ModelSpec.Crop?
  public var color: ModelSpec.Color?
  /// One number stands for every channel.
  public var mean: [Double]?
  public var std: [Double]?
  public var pad: [Int]?
  public var activation: ModelSpec.Activation?

  public init() {}

  /// These changes where they say something, others where they do not.
  func over(_ other: PreprocessingChanges) -> PreprocessingChanges {
    var result = self
    result.width = width ?? other.width
    result.height = height ?? other.height
    result.resize = resize ?? other.resize
    result.filter = filter ?? other.filter
    result.crop = crop ?? other.crop
    result.color = color ?? other.color
    result.mean = mean ?? other.mean
    result.std = std ?? other.std
    result.pad = pad ?? other.pad
    result.activation = activation ?? other.activation
    return result
  }

  func apply(to spec: inout ModelSpec) {
    if let color { spec.input.color = color }
    let channels = spec.input.color.channelCount
    func each<T>(_ values: [T]) -> [T] {
      values.count == 1 ? Array(repeating: values[0], count: channels) : values
    }
    if let resize { spec.input.resize.mode = resize }
    if let filter { spec.input.resize.filter = filter }
    if let crop { spec.input.crop = crop }
    if let mean { spec.input.mean = each(mean) }
    if let std { spec.input.std = each(std) }
    if let pad { spec.input.pad = each(pad) }
    if let activation { spec.output.activation = activation }
  }
}
