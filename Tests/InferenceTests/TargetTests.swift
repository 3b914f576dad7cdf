import Attribution
import Execution
import Faults
import InfercamTestSupport
import Inference
import JSON
import Requests
import Tensors
import Testing

struct TargetTests {
  let model: SmallModel
  let image = SmallModel.images(1)[0]

  init() throws {
    model = try SmallModel()
  }

  private func map(
    of index: Int, method: GradCAMOptions.Method = .gradcam, score: GradCAMOptions.Score = .logit
  ) throws -> ClassActivationMap {
    let classifier = try model.classifier {
      $0.targets = [.index(index)]
      $0.method = method
      $0.score = score
    }
    return try #require(try classifier.prediction(of: image).prediction.explanation).map
  }

  @Test(arguments: GradCAMOptions.Method.allCases)
  func `maps of several targets are those of each alone`(method: GradCAMOptions.Method) throws {
    let classifier = try model.classifier {
      $0.targets = [.index(3), .top1, .index(0), .named("class 3")]
      $0.method = method
    }
    let (input, prediction) = try classifier.prediction(of: image)
    let top = try #require(prediction.ranking.first).index
    #expect(prediction.explanations.map(\.classIndex) == [3, top, 0, 3])
    for explanation in prediction.explanations {
      #expect(explanation.map == (try map(of: explanation.classIndex, method: method)))
    }
    let result = classifier.resultObject(prediction, of: input, heatmaps: [])
    let kinds = result["heatmaps"]?.array?.map { $0["target"]?["kind"]?.string }
    #expect(kinds == ["index", "top1", "index", "class"])
    #expect(result["heatmap"] == result["heatmaps"]?.array?.first)
  }

  @Test(
    arguments: GradCAMOptions.Method.allCases.filter { ![.eigencam, .scorecam].contains($0) },
    GradCAMOptions.Score.allCases)
  func `maps of all classes are those of each alone`(
    method: GradCAMOptions.Method, score: GradCAMOptions.Score
  ) throws {
    let classifier = try model.classifier {
      $0.targets = [.all]
      $0.method = method
      $0.score = score
    }
    let (input, prediction) = try classifier.prediction(of: image)
    let maps = try #require(prediction.classMaps)
    #expect([maps.count, maps.height, maps.width] == [5, 8, 8])
    for index in 0..<5 {
      let alone = try map(of: index, method: method, score: score)
      #expect(relativeDifference(maps[index].values, alone.values) < 1e-5, "class \(index)")
      #expect(prediction.explanations[index].classIndex == index)
    }
    let file = try classifier.renderClassMaps(prediction)
    let decoded = try file.withUnsafeBytes { try NPY.decode($0) }
    #expect(decoded.elements(of: Float.self) == maps.values)
    #expect(decoded.shape == [5, 8, 8])
    let result = classifier.resultObject(prediction, of: input, heatmaps: [])
    #expect(result["heatmap"]?["raw"]?["shape"] == [5, 8, 8])
    #expect(result["heatmap"]?["target"] == ["kind": "all"])
    #expect(result["heatmaps"]?.array?.map { $0["raw"]?["index"]?.int } == [0, 1, 2, 3, 4])
  }

  @Test func `maps of all classes are the same for any batch`() throws {
    let classifier = try model.classifier {
      $0.targets = [.all]
      $0.box = 0.3
    }
    let images = SmallModel.images(5, seed: 7)
    func maps(batch: Int) throws -> [ClassActivationMaps?] {
      try classifier.predictions(of: images, batch: batch).map(\.prediction.classMaps)
    }
    let alone = try maps(batch: 1)
    #expect(Set(alone).count == 5)
    for batch in [2, 3, 8] { #expect(try maps(batch: batch) == alone) }
  }

  @Test func `maps of all classes without files or boxes are one object`() throws {
    let classifier = try model.classifier {
      $0.targets = [.all]
      $0.formats = []
    }
    let (input, prediction) = try classifier.prediction(of: image)
    #expect(prediction.explanations.isEmpty)
    let result = classifier.resultObject(prediction, of: input, heatmaps: [])
    #expect(result["heatmaps"] == nil)
    #expect(result["heatmap"]?["layer"] == "second")
  }

  @Test(arguments: [
    ("auto", GradCAMOptions.Method.eigencam), ("auto", .scorecam), ("first,relu", .gradcam),
  ])
  func `all classes are refused where each takes passes of its own`(
    layer: String, method: GradCAMOptions.Method
  ) throws {
    let fault = #expect(throws: Fault.self) {
      try model.classifier {
        $0.targets = [.all]
        $0.layers = [layer]
        $0.method = method
      }
    }
    #expect(fault?.code == .explainNotSupported)
  }

  @Test(
    arguments: GradCAMOptions.Method.allCases.filter { ![.eigencam, .scorecam].contains($0) },
    GradCAMOptions.Score.allCases)
  func `maps of all classes behind a hidden layer are those of each alone`(
    method: GradCAMOptions.Method, score: GradCAMOptions.Score
  ) throws {
    let deep = try SmallModel(hasHiddenLayer: true)
    func classifier(_ targets: [GradCAMOptions.Target]) throws -> Classifier {
      try deep.classifier {
        $0.targets = targets
        $0.method = method
        $0.score = score
      }
    }
    let all = try classifier([.all]).predictions(of: SmallModel.images(3), batch: 3)
    let alone = try classifier((0..<5).map { .index($0) })
      .predictions(of: SmallModel.images(3), batch: 1)
    for ((_, all), (_, alone)) in zip(all, alone) {
      let maps = try #require(all.classMaps)
      for index in 0..<5 {
        let expected = alone.explanations[index].map.values
        #expect(relativeDifference(maps[index].values, expected) < 1e-5, "class \(index)")
      }
    }
  }

  @Test func `all classes behind a hidden layer are refused of inner layers and of BLAS`() throws {
    let deep = try SmallModel(hasHiddenLayer: true)
    let fault = #expect(throws: Fault.self) {
      try deep.classifier {
        $0.targets = [.all]
        $0.layers = ["first,relu"]
      }
    }
    #expect(fault?.code == .explainNotSupported)
    #expect(fault?.message.contains("name the targets") == true)
    var request = InferenceRequest()
    request.gradCAM.enabled = true
    request.gradCAM.targets = [.all]
    var engine = EngineOptions()
    engine.kernels = .blas
    #expect(throws: Fault.self) {
      try Classifier(deep.version, request: request, engine: engine)
    }
    request.gradCAM.targets = [.topk, .index(4)]
    _ = try Classifier(deep.version, request: request, engine: engine)
  }

  @Test(
    arguments: GradCAMOptions.Method.allCases.filter { ![.eigencam, .scorecam].contains($0) },
    GradCAMOptions.Score.allCases)
  func `maps behind a hidden layer are the same bits in any batch`(
    method: GradCAMOptions.Method, score: GradCAMOptions.Score
  ) throws {
    let deep = try SmallModel(hasHiddenLayer: true)
    for layer in ["auto", "first,relu"] {
      let classifier = try deep.classifier {
        $0.targets = [.topk, .index(4)]
        $0.layers = [layer]
        $0.method = method
        $0.score = score
      }
      let images = SmallModel.images(7)
      func maps(batch: Int) throws -> [[ClassActivationMap]] {
        try classifier.predictions(of: images, batch: batch).map {
          $0.prediction.explanations.map(\.map)
        }
      }
      let alone = try maps(batch: 1)
      #expect(Set(alone).count == 7 && alone.allSatisfy { $0.count == 6 })
      #expect(try maps(batch: 3) == alone)
      #expect(try maps(batch: 7) == alone)
    }
  }

  @Test func `an item without the label it is to be explained by fails alone`() throws {
    let deep = try SmallModel(hasHiddenLayer: true)
    let classifier = try deep.classifier { $0.targets = [.label] }
    let inputs = try SmallModel.images(3).map { try classifier.prepare(NPY.encode($0)) }
    let labelled = [inputs[0].labelled("class 2"), inputs[1], inputs[2].labelled("class 0")]
    let results = classifier.predict(
      labelled, workspace: classifier.makeWorkspace(maximumBatch: 3))
    #expect(throws: Fault.self) { try results[1].get() }
    for (place, classIndex) in [(0, 2), (2, 0)] {
      let explanation = try #require(try results[place].get().explanation)
      #expect(explanation.classIndex == classIndex)
      let alone = try deep.classifier { $0.targets = [.index(classIndex)] }
      let image = SmallModel.images(3)[place]
      #expect(try alone.prediction(of: image).prediction.explanation?.map == explanation.map)
    }
  }

  @Test(arguments: [GradCAMOptions.Target.index(5), .named("class 7")])
  func `each target must be a class of the model`(target: GradCAMOptions.Target) throws {
    let fault = #expect(throws: Fault.self) {
      try model.classifier { $0.targets = [.top1, target] }
    }
    #expect(fault?.code == .paramOutOfRange)
  }
}
