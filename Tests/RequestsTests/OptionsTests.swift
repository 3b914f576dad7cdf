import Faults
import JSON
import Requests
import Testing

struct OptionsTests {
  @Test func `the defaults are in range`() {
    #expect(ClassifyOptions().violations.isEmpty)
    #expect(GradCAMOptions().violations.isEmpty)
    #expect(longestSideViolations(nil).isEmpty)
  }

  @Test(arguments: [(0, 0.0, 1), (1001, 0, 1), (5, -0.1, 1), (5, 1.1, 1), (0, 2, 2), (1000, 1, 0)])
  func `classes out of range are all reported`(topK: Int, threshold: Double, count: Int) {
    var options = ClassifyOptions()
    options.topK = topK
    options.probThreshold = threshold
    #expect(options.violations.count == count)
    #expect(options.violations.allSatisfy { $0.code == .paramOutOfRange })
  }

  @Test func `what this version does not compute is refused and the choices are named`() throws {
    var options = GradCAMOptions()
    options.normalize = .run
    options.alpha = 1.5
    options.resolution = .size(width: 0, height: 99_999)
    let violations = options.violations
    #expect(violations.count == 4)
    #expect(violations.contains { $0.message.hasSuffix("in this version, not run") })
    let fault = try #require(Fault(violations))
    #expect(fault.code == .paramOutOfRange)
    #expect(fault.details["violation_count"] == .int(4))
  }

  @Test(arguments: [
    ("top1", GradCAMOptions.Target.top1), ("topk", .topk), ("all", .all), ("label", .label),
    ("index:7", .index(7)), ("n02124075", .named("n02124075")), ("tabby cat", .named("tabby cat")),
    ("tub, vat", .named("tub, vat")),
  ])
  func `a target is read and written`(text: String, target: GradCAMOptions.Target) {
    #expect(GradCAMOptions.Target.list(text) == [target])
    #expect(target.text == text)
  }

  @Test func `indices can be listed`() {
    #expect(GradCAMOptions.Target.list("index:3,7,0") == [.index(3), .index(7), .index(0)])
  }

  @Test(arguments: ["", "index:", "index:-1", "index:x", "index:1,", "index:1,-2", "index:,3"])
  func `a target that says nothing is refused`(text: String) {
    #expect(GradCAMOptions.Target.list(text) == nil)
  }

  @Test func `what does not go together with all classes is refused`() {
    var options = GradCAMOptions()
    options.targets = [.all]
    #expect(options.violations.isEmpty)
    options.targets = [.all, .top1]
    options.layers = ["a", "b"]
    options.faithfulness = true
    #expect(options.violations.map(\.pointer) == ["/target", "/layer", "/faithfulness"])
    #expect(options.violations.allSatisfy { $0.code == .paramOutOfRange })
  }

  @Test(arguments: [0, -0.5, 1.01, 2])
  func `a box threshold outside of its range is refused`(threshold: Double) {
    var options = GradCAMOptions()
    options.box = threshold
    #expect(options.violations.map(\.pointer) == ["/box"])
    options.box = 1
    #expect(options.violations.isEmpty)
  }

  @Test func `counts out of range are refused`() {
    var options = GradCAMOptions()
    options.layers = []
    options.targets = (0...1000).map { .index($0) }
    options.faithfulnessSteps = 1001
    let pointers = options.violations.map(\.pointer)
    #expect(pointers == ["/layer", "/target", "/faithfulness_steps"])
  }

  @Test func `whatever can change a result is among the options of a run`() {
    var texts: Set<String> = []
    var options = GradCAMOptions()
    options.enabled = true
    func note() { texts.insert(options.json.encodedText) }
    note()
    options.targets = [.top1, .index(3)]
    note()
    options.targets = [.all]
    note()
    options.layers = ["a", "b"]
    note()
    options.fuse = .max
    note()
    options.normalize = .signed
    note()
    options.colormap = .bwr
    note()
    options.box = 0.5
    note()
    options.faithfulness = true
    note()
    options.faithfulnessSteps = 7
    note()
    #expect(texts.count == 10)
  }

  @Test func `signed maps are drawn in colours that diverge`() {
    var options = GradCAMOptions()
    #expect(options.effectiveColormap == .jet)
    options.normalize = .signed
    #expect(options.effectiveColormap == .coolwarm)
    options.colormap = .gray
    #expect(options.effectiveColormap == .gray)
  }

  @Test(arguments: [
    ("input", GradCAMOptions.Resolution.input), ("model", .model), ("cam", .cam),
    ("640x480", .size(width: 640, height: 480)),
  ])
  func `a resolution is read and written`(text: String, resolution: GradCAMOptions.Resolution) {
    #expect(GradCAMOptions.Resolution(text) == resolution)
    #expect(resolution.text == text)
  }

  @Test(arguments: ["", "640", "640x", "x", "axb", "1x2x3"])
  func `a resolution that says nothing is refused`(text: String) {
    #expect(GradCAMOptions.Resolution(text) == nil)
  }

  @Test func `an explanation that is off has no further options`() {
    #expect(GradCAMOptions().json.encodedText == #"{"enabled":false}"#)
  }
}
