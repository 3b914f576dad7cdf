import Attribution
import Execution
import Faults
import Images
import Requests
import Tensors

extension Classifier {
  /// Adds deletion and insertion scores to the explanations, if they were asked for.
  ///
  /// Overwrites what the workspace holds. The pixels of the model's input are taken in the order of
  /// the map as it is normalised and scaled up to that input.
  func judge(
    _ prediction: inout Prediction, of input: PreparedInput, _ workspace: Workspace
  ) throws(Fault) {
    let options = request.gradCAM
    guard options.faithfulness, !prediction.explanations.isEmpty else { return }
    let started = milliseconds()
    let image = inputTensor(of: input)
    let blurred = image.blurred(isChannelsLast: isChannelsLast)
    var known: [Int: Faithfulness] = [:]
    for index in prediction.explanations.indices {
      let explanation = prediction.explanations[index]
      let map = explanation.map
      guard map.degeneracy(under: normalizationMode) == nil else { continue }
      if known[explanation.classIndex] == nil {
        let importance = normalizationMode == .signed ? map.values : map.rectified
        let order = PixelOrder(
          HeatmapPlacement(filling: modelSize).sample(
            importance, width: map.width, height: map.height), steps: options.faithfulnessSteps)
        known[explanation.classIndex] = try faithfulness(
          order, image, blurred, explanation.classIndex, workspace,
          whole: Double(prediction.probabilities[explanation.classIndex]))
      }
      prediction.explanations[index].faithfulness = known[explanation.classIndex]
    }
    prediction.explainMilliseconds += milliseconds() - started
  }

  /// - Parameter whole: the probability for the untouched image.
  private func faithfulness(
    _ order: PixelOrder, _ image: Tensor, _ blurred: Tensor, _ classIndex: Int,
    _ workspace: Workspace, whole: Double
  ) throws(Fault) -> Faithfulness {
    let isChannelsLast = isChannelsLast
    let fading = image.copy()
    let deletion = try curve(points: order.steps, classIndex, workspace) { point in
      order.copyPixels(ofStep: point + 1, from: nil, to: fading, isChannelsLast: isChannelsLast)
      return fading
    }
    let appearing = blurred.copy()
    let insertion = try curve(points: order.steps, classIndex, workspace) { point in
      if point > 0 {
        order.copyPixels(ofStep: point, from: image, to: appearing, isChannelsLast: isChannelsLast)
      }
      return appearing
    }
    return Faithfulness(
      deletion: PixelOrder.area([whole] + deletion),
      insertion: PixelOrder.area(insertion + [whole]),
      steps: order.steps)
  }

  /// The probabilities of a class for a sequence of model inputs, in the workspace's batches.
  private func curve(
    points: Int, _ classIndex: Int, _ workspace: Workspace, input: (Int) -> Tensor
  ) throws(Fault) -> [Double] {
    var probabilities: [Double] = []
    while probabilities.count < points {
      let images = min(workspace.maximumBatch, points - probabilities.count)
      let first = probabilities.count
      for image in 0..<images { workspace.setInput(input(first + image), image: image) }
      try network.run(images: images, in: workspace)
      for image in 0..<images {
        let values = workspace.result(logits, image: image).elements(of: Float.self)
        probabilities.append(Double(try scores.probabilities(values)[classIndex]))
      }
    }
    return probabilities
  }
}
