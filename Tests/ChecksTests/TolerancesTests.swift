import Checks
import Faults
import JSON
import Testing

struct TolerancesTests {
  @Test func `tolerances are read back as they were written`() throws {
    var tolerances = Tolerances()
    tolerances.stages["logits"] = Tolerances.Bound(absolute: 0.5, relative: 0.25)
    tolerances.topK = 3
    tolerances.heatmapIoU = 0.5
    #expect(try Tolerances(tolerances.json.encoded()) == tolerances)
    #expect(try Tolerances(Array("{}".utf8)) == Tolerances())
  }

  @Test(arguments: [
    (#"{"stages":{"logit":{}}}"#, "unknown field logit"),
    (#"{"stages":{"logits":{"rtol":1}}}"#, "unknown field rtol"),
    (#"{"heatmap":{"iou":"high"}}"#, "iou must be a number"),
    (#"{"schema":"infercam.tolerances/9"}"#, "infercam.tolerances/9"), ("[]", "expected an object"),
  ])
  func `a tolerance that means nothing is refused`(text: String, message: String) {
    let fault = #expect(throws: Fault.self) { try Tolerances(Array(text.utf8)) }
    #expect(fault?.message.contains(message) == true, "\(fault?.message ?? "")")
  }

  @Test func `what was measured is proposed with a margin, rounded up`() {
    var small = Spread(name: "a")
    small.relative["logits"] = 1.1e-6
    small.absolute["probabilities"] = 2e-7
    var large = Spread(name: "b")
    large.relative["logits"] = 2.6e-4
    large.iou = 0.9
    large.centerShift = 0.5
    let tolerances = Tolerances(measured: [small, large])
    // Four times 2.6e-4 is 1.04e-3.
    #expect(tolerances.stages["logits"]?.relative == 2e-3)
    #expect(tolerances.stages["probabilities"]?.absolute == 1e-6)
    #expect(tolerances.stages["resize"] == Tolerances.Bound())
    #expect((tolerances.heatmapIoU - 0.6).magnitude < 0.11)
    #expect(tolerances.centerShift == 2)
    #expect(tolerances.measured?["spreads"]?.array?.count == 2)
  }

  @Test(arguments: ["decode", "layer:a:b", "logits", "labels", "cam"])
  func `the name of a stage is that of the stage`(name: String) {
    #expect(Stage(name: name)?.name == name)
    #expect(Stage(name: "scale") == nil)
  }
}
