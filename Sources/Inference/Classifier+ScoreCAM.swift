import Attribution
import Execution
import Faults
import Images
import Models
import Requests
import Tensors

extension Classifier {
  /// Explains classes of one image by Score-CAM, one map for each.
  ///
  /// Runs the network once for every channel, in the workspace's batches, and overwrites what the
  /// workspace holds. Channels without any contrast show nothing of the image and share one pass.
  /// - Parameter activations: of the explained layer, [1, C, H, W], in memory of their own.
  func scoreMaps(
    _ scoreCAM: ScoreCAM, of input: PreparedInput, activations: Tensor, classes: [Int],
    _ workspace: Workspace
  ) throws(Fault) -> [ClassActivationMap] {
    if classes.isEmpty { return [] }
    let image = inputTensor(of: input)
    let masks = ChannelMasks(activations, size: modelSize)
    var channelScores = [[Double]](
      repeating: [Double](repeating: 0, count: masks.count), count: classes.count)
    var waiting: [Int] = []
    var blank: [Int] = []
    for channel in 0..<masks.count {
      if let mask = masks.mask(channel) {
        workspace.setInput(
          image.masked(mask, isChannelsLast: isChannelsLast), image: waiting.count)
        waiting.append(channel)
      } else {
        blank.append(channel)
      }
      if waiting.count == workspace.maximumBatch {
        try score(&waiting, classes, workspace, into: &channelScores)
      }
    }
    if !waiting.isEmpty { try score(&waiting, classes, workspace, into: &channelScores) }
    if let first = blank.first {
      workspace.setInput(Tensor(zeros: .float32, image.shape), image: 0)
      waiting = [first]
      try score(&waiting, classes, workspace, into: &channelScores)
      for place in classes.indices {
        for channel in blank { channelScores[place][channel] = channelScores[place][first] }
      }
    }
    return channelScores.map { scoreCAM.map(activations, channelScores: $0) }
  }

  /// Runs the channels whose inputs are in the workspace and notes their scores.
  private func score(
    _ channels: inout [Int], _ classes: [Int], _ workspace: Workspace,
    into channelScores: inout [[Double]]
  ) throws(Fault) {
    try network.run(images: channels.count, in: workspace)
    for (image, channel) in channels.enumerated() {
      let values = workspace.result(logits, image: image).elements(of: Float.self)
      for (place, classIndex) in classes.enumerated() {
        channelScores[place][channel] = scores.value(
          of: request.gradCAM.score, classIndex: classIndex, logits: values)
      }
    }
    channels = []
  }

  var modelSize: PixelSize {
    PixelSize(width: model.spec.input.width, height: model.spec.input.height)
  }

  /// The model's input, in the layout the network takes.
  func inputTensor(of input: PreparedInput) -> Tensor {
    switch input.content {
    case .tensor(let tensor): return tensor
    case .image(let view, _, _):
      let tensor = Tensor(zeros: .float32, network.inputShape)
      let channels = normalization.order.channels
      tensor.withMutableElements(of: Float.self) { elements in
        guard let base = elements.baseAddress else { return }
        normalization.write(
          view, to: base, planeStride: isChannelsLast ? 1 : view.width * view.height,
          rowStride: isChannelsLast ? view.width * channels : view.width,
          pixelStride: isChannelsLast ? channels : 1)
      }
      return tensor
    }
  }
}

/// The planes of a layer, scaled up to the model's input and brought into 0…1.
private struct ChannelMasks {
  let count: Int
  private let planes: [Float]
  private let grid: PixelSize
  private let placement: HeatmapPlacement

  init(_ activations: Tensor, size: PixelSize) {
    count = activations.shape[1]
    planes = activations.elements(of: Float.self)
    grid = PixelSize(width: activations.shape[3], height: activations.shape[2])
    placement = HeatmapPlacement(filling: size)
  }

  /// The mask of a channel, row by row; `nil` when its plane is the same everywhere.
  func mask(_ channel: Int) -> [Float]? {
    let pixels = grid.width * grid.height
    let plane = Array(planes[(channel * pixels)..<((channel + 1) * pixels)])
    let mask = placement.sample(plane, width: grid.width, height: grid.height)
    guard let low = mask.min(), let high = mask.max(), high > low else { return nil }
    return mask.map { ($0 - low) / (high - low) }
  }
}

extension Tensor {
  /// A model input with every channel of a pixel times the mask's number there.
  fileprivate func masked(_ mask: [Float], isChannelsLast: Bool) -> Tensor {
    let channels = elementCount / mask.count
    let masked = copy()
    masked.withMutableElements(of: Float.self) { elements in
      for pixel in mask.indices {
        for channel in 0..<channels {
          let place =
            isChannelsLast ? pixel * channels + channel : channel * mask.count + pixel
          elements[place] *= mask[pixel]
        }
      }
    }
    return masked
  }
}
