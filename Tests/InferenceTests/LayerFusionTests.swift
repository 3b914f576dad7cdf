import Attribution
import Faults
import Images
import InfercamTestSupport
import Inference
import JSON
import Requests
import Tensors
import Testing

struct LayerFusionTests {
  let model: SmallModel
  let image = SmallModel.images(1)[0]

  init() throws {
    model = try SmallModel()
  }

  private func explanation(
    _ layers: [String], _ set: (inout GradCAMOptions) -> Void = { _ in }
  ) throws -> Explanation {
    let classifier = try model.classifier {
      $0.layers = layers
      set(&$0)
    }
    return try #require(try classifier.prediction(of: image).prediction.explanation)
  }

  /// A map over 16 x 16 cells, each value taken between the centres of the four nearest cells.
  private func enlarged(_ values: [Float], side: Int) -> [Double] {
    func cell(_ row: Int, _ column: Int) -> Double {
      Double(values[min(max(row, 0), side - 1) * side + min(max(column, 0), side - 1)])
    }
    return (0..<256).map { place in
      let v = (Double(place / 16) + 0.5) * Double(side) / 16 - 0.5
      let u = (Double(place % 16) + 0.5) * Double(side) / 16 - 0.5
      let (top, left) = (Int(v.rounded(.down)), Int(u.rounded(.down)))
      let (down, right) = (v - Double(top), u - Double(left))
      return (1 - down) * ((1 - right) * cell(top, left) + right * cell(top, left + 1))
        + down * ((1 - right) * cell(top + 1, left) + right * cell(top + 1, left + 1))
    }
  }

  @Test(
    arguments: [GradCAMOptions.Method.gradcam, .layercam, .eigencam, .scorecam],
    GradCAMOptions.Fuse.allCases)
  func `fused maps are the maps of each layer, scaled and enlarged`(
    method: GradCAMOptions.Method, fuse: GradCAMOptions.Fuse
  ) throws {
    for normalize in [GradCAMOptions.Normalization.max, .signed] {
      let fused = try explanation(["second", "first,relu"]) {
        $0.method = method
        $0.fuse = fuse
        $0.normalize = normalize
      }
      #expect([fused.map.height, fused.map.width] == [16, 16])
      #expect(fused.layer == "second,first,relu")
      var scaled: [[Double]] = []
      for (layer, side) in [("second", 8), ("first,relu", 16)] {
        let alone = try explanation([layer]) { $0.method = method }.map
        let shown = normalize == .signed ? alone.values : alone.rectified
        let largest = try #require(shown.map { abs($0) }.max())
        scaled.append(enlarged(shown.map { $0 / largest }, side: side))
        let facts = try #require(fused.layers.first { $0.name == layer })
        #expect(facts.minimum == alone.minimum && facts.maximum == alone.maximum)
        #expect([facts.height, facts.width] == [side, side])
      }
      let expected = zip(scaled[0], scaled[1]).map { a, b in
        Float(fuse == .mean ? (a + b) / 2 : abs(b) > abs(a) ? b : a)
      }
      #expect(relativeDifference(fused.map.values, expected) < 1e-5)
    }
  }

  @Test func `names with commas are names first and lists second`() throws {
    #expect(try explanation(["first,relu"]).layers.isEmpty)
    let list = try explanation(["second,c1"])
    #expect(list.layers.map(\.name) == ["second", "c1"])
    #expect(list.map == (try explanation(["second", "c1"])).map)
    #expect(try explanation(["auto,c1"]).layer == "second,c1")
  }

  @Test(arguments: [
    (["second,none"], Fault.Code.layerNotFound), (["second,"], .layerNotFound),
    (["second", "auto"], .paramOutOfRange), (["c1,c1"], .paramOutOfRange),
  ])
  func `layers that are missing or named twice are refused`(
    layers: [String], code: Fault.Code
  ) throws {
    let fault = #expect(throws: Fault.self) { try model.classifier { $0.layers = layers } }
    #expect(fault?.code == code)
  }

  @Test func `the result names the layers and how they were fused`() throws {
    let classifier = try model.classifier {
      $0.layers = ["second", "c1"]
      $0.fuse = .max
    }
    let (input, prediction) = try classifier.prediction(of: image)
    let heatmap = try #require(
      classifier.resultObject(prediction, of: input, heatmaps: [])["heatmap"])
    #expect(heatmap["layer"] == "second,c1")
    #expect(heatmap["fuse"] == "max")
    #expect(heatmap["layers"]?.array?.map { $0["shape"] } == [[8, 8], [16, 16]])
    #expect(heatmap["raw"]?["shape"] == [16, 16])
  }
}
