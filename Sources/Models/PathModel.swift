import Digests
public import Faults
public import FileAccess
import Graphs
import ONNXImport
import Tensors

/// How images are prepared for a model that is given by its file.
public enum PreprocessPreset: String, Sendable, CaseIterable {
  /// Short side 256 per 224, bilinear, centre crop, ImageNet mean and deviation.
  case imagenet
  /// The same with bicubic interpolation.
  case imagenetBicubic = "imagenet-bicubic"
  /// Short side 256 per 224, bilinear, centre crop, values from -1 to 1.
  case inception
  /// As `imagenet`, but BGR, in the range 0 to 255, minus the mean of each channel.
  case caffe
  /// Stretched to the input size, values from 0 to 1.
  case none
  /// Stretched to the input size, values from 0 to 255, for graphs that scale them themselves.
  case pixels
}

extension ModelRepository {
  /// Makes a model version of an ONNX file and of what the command line says about it.
  ///
  /// A file beside its `version.json` is that version unless `labels`, `preset` or `output` say
  /// otherwise. Without labels the classes are numbered.
  /// - Parameter output: the graph output by name; `nil` takes the first.
  /// - Throws: `Fault` with code `model.not_found`, `model.invalid` or those of the import.
  public static func model(
    at path: RawPath, labels labelsPath: RawPath?, preset: PreprocessPreset?,
    output: String? = nil
  ) throws(Fault) -> ModelVersion {
    let folder = path.parent
    if labelsPath == nil, preset == nil, output == nil,
      try FileStamp(of: folder.appending("version.json"))?.kind == .regular
    {
      return try ModelRepository(searchPath: []).readVersion(
        folder, name: folder.parent.lastComponentText, version: folder.lastComponentText)
    }
    let mapping = try mapModelFile(path)
    let facts: GraphFacts
    let external: [String: TensorStorage]
    do throws(Fault) {
      external = try externalFiles(of: mapping, in: folder)
      facts = try GraphFacts(
        try importModel(mapping: mapping, external: external).graph, output: output)
    } catch {
      throw error.prefixed(path.display)
    }
    let sha256 = SHA256.hex(of: mapping.bytes)
    let labels =
      if let labelsPath {
        try readLabels(labelsPath, defaultVersion: labelsPath.stem)
      } else {
        Labels(labels: (0..<facts.classCount).map { "class \($0)" }, version: "none")
      }
    let model = ModelVersion(
      name: path.stem, version: String(sha256.prefix(12)),
      spec: facts.spec(preset ?? .imagenet, labelsVersion: labels.version), labels: labels,
      sha256: sha256, file: path, externalSHA256: external.mapValues(\.sha256), mapping: mapping)
    try model.checkLabels(outputCount: facts.outputCount)
    return model
  }
}

/// What the graph itself says about its input and output.
struct GraphFacts {
  var inputName: String
  var outputName: String
  var layout: ModelSpec.Layout
  var channels: Int
  var width: Int
  var height: Int
  var outputCount: Int
  var activation: ModelSpec.Activation
  /// Whether the input holds the integers of pixels, which the graph scales itself.
  var takesPixels: Bool

  /// The classes to number where nobody names them; a single output tells two apart.
  var classCount: Int { max(outputCount, 2) }

  /// - Parameter name: the output to read; `nil` takes the first.
  /// - Throws: `Fault` with code `model.invalid` when the graph is no image classifier.
  init(
    _ graph: Graph, output name: String?, width wide: Int? = nil, height high: Int? = nil
  ) throws(Fault) {
    let graph = try graph.restricted(toOutput: name)
    guard graph.inputs.count == 1, let input = graph.inputs.first else {
      throw Fault(.modelInvalid, "an image classifier has one input, not \(graph.inputs.count)")
    }
    inputName = graph[input.value].name
    takesPixels = !input.dtype.isFloatingPoint
    guard let dimensions = input.dimensions, dimensions.count == 4 else {
      throw Fault(
        .modelInvalid, "the input \(inputName) is not of rank 4: export with a declared shape")
    }
    let extents = dimensions.map { dimension -> Int? in
      if case .fixed(let extent) = dimension, extent > 0 { extent } else { nil }
    }
    layout = [1, 3].contains(extents[3]) && ![1, 3].contains(extents[1]) ? .nhwc : .nchw
    let axes = layout == .nchw ? (1, 2, 3) : (3, 1, 2)
    channels = extents[axes.0] ?? 3
    height = extents[axes.1] ?? high ?? 224
    width = extents[axes.2] ?? wide ?? 224
    guard channels == 3 || channels == 1 else {
      throw Fault(.modelInvalid, "the input \(inputName) has \(channels) channels, not 1 or 3")
    }
    let shape: Shape =
      layout == .nchw ? [1, channels, height, width] : [1, height, width, channels]
    let classifier = try graph.classifying(input.value, shape: shape, output: name)
    guard let head = classifier.head(), let type = classifier[head.logits].type else {
      throw Fault(.modelInvalid, "the model has no output")
    }
    outputName = classifier[classifier.outputs[0]].name
    outputCount = type.shape.elementCount
    activation = head.activation != nil ? .none : outputCount == 1 ? .sigmoid : .softmax
  }

  func spec(_ preset: PreprocessPreset, labelsVersion: String) -> ModelSpec {
    let shortSide = (min(width, height) * 256 + 112) / 224
    var resize = ModelSpec.Resize(.shortSide(max(shortSide, width, height)))
    var color = ModelSpec.Color.rgb
    var mean = [0.485, 0.456, 0.406]
    var std = [0.229, 0.224, 0.225]
    switch preset {
    case .imagenet: break
    case .imagenetBicubic: resize.filter = .bicubic
    case .inception: (mean, std) = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    case .caffe:
      color = .bgr
      mean = [103.939 / 255, 116.779 / 255, 123.68 / 255]
      std = [1 / 255, 1 / 255, 1 / 255]
    case .none, .pixels:
      resize = ModelSpec.Resize(.stretch)
      let scale = preset == .pixels ? 1 / 255.0 : 1
      (mean, std) = ([0, 0, 0], [scale, scale, scale])
    }
    if takesPixels { (mean, std) = ([0, 0, 0], [1 / 255, 1 / 255, 1 / 255]) }
    if channels == 1 {
      color = .gray
      mean = [mean.reduce(0, +) / 3]
      std = [std.reduce(0, +) / 3]
    }
    var input = ModelSpec.Input(width: width, height: height, resize: resize, mean: mean, std: std)
    input.name = inputName
    input.layout = layout
    input.color = color
    input.crop = preset == .none || preset == .pixels ? .none : .center
    var spec = ModelSpec(input: input, labelsVersion: labelsVersion)
    spec.output.name = outputName
    spec.output.activation = activation
    return spec
  }
}

extension RawPath {
  /// The last component without its extension.
  var stem: String {
    let name = lastComponentText
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  fileprivate var lastComponentText: String {
    RawPath(bytes: lastComponent).identifier
  }
}
