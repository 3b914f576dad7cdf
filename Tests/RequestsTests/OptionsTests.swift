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
    ("top1", GradCAMOptions.Target.top1), ("topk", .topk), ("label", .label),
    ("index:7", .index(7)), ("n02124075", .named("n02124075")), ("tabby cat", .named("tabby cat")),
  ])
  func `a target is read and written`(text: String, target: GradCAMOptions.Target) {
    #expect(GradCAMOptions.Target(text) == target)
    #expect(target.text == text)
  }

  @Test(arguments: ["", "index:", "index:-1", "index:x"])
  func `a target that says nothing is refused`(text: String) {
    #expect(GradCAMOptions.Target(text) == nil)
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
