import Faults
import FileAccess
import Images
import InfercamTestSupport
import JSON
import Options
import Requests
import Schemas
import Testing

@testable import Commands

/// One rule set: a value that a flag takes is one that the schema takes, and the other way round.
@Suite(
  .enabled(
    if: SchemaValidator.isAvailable, "python3-jsonschema is missing: make deps installs it"))
struct SchemaRuleTests {
  /// A flag with a value, and the same as members of a request.
  struct Rule: CustomTestStringConvertible {
    var flag: String
    var value: String
    var option: JSONValue
    var isAllowed: Bool

    var testDescription: String { "--\(flag) \(value)" }

    init(_ flag: String, _ value: String, _ option: JSONValue, _ isAllowed: Bool) {
      self.flag = flag
      self.value = value
      self.option = option
      self.isAllowed = isAllowed
    }

    init(_ flag: String, classify name: String, _ value: JSONValue, _ isAllowed: Bool) {
      self.init(flag, value.encodedText, ["classify": .object([name: value])], isAllowed)
    }

    init(_ flag: String, gradCAM name: String, _ value: JSONValue, _ isAllowed: Bool) {
      let text = value.string ?? value.encodedText
      self.init(flag, text, ["grad_cam": .object([name: value])], isAllowed)
    }
  }

  static let rules: [Rule] = numbers + words

  private static let numbers: [Rule] =
    edges(ClassifyOptions.topKRange).map { Rule("top-k", classify: "top_k", $0, $1) }
    + edges(ClassifyOptions.probThresholdRange).map {
      Rule("prob-threshold", classify: "prob_threshold", $0, $1)
    }
    + edges(RequestLimits.longestSideRange).map {
      Rule("resize-longest-side", $0.encodedText, ["resize": ["longest_side": $0]], $1)
    }
    + edges(GradCAMOptions.alphaRange).map { Rule("alpha", gradCAM: "alpha", $0, $1) }
    + edges(GradCAMOptions.faithfulnessStepsRange).map {
      Rule("faithfulness-steps", gradCAM: "faithfulness_steps", $0, $1)
    }
    + [
      Rule("box", gradCAM: "box", 0, false), Rule("box", gradCAM: "box", 0.001, true),
      Rule("box", gradCAM: "box", 1, true), Rule("box", gradCAM: "box", 1.5, false),
      Rule("top-k", classify: "top_k", 2.5, false),
    ]

  private static let words: [Rule] =
    all("method", GradCAMOptions.Method.allCases) + all("score", GradCAMOptions.Score.allCases)
    + all("colormap", GradCAMOptions.Colormap.allCases) + all("fuse", GradCAMOptions.Fuse.allCases)
    + all("normalize", GradCAMOptions.Normalization.supported)
    + [Rule("normalize", gradCAM: "normalize", "run", false)]
    + [
      ("top1", true), ("topk", true), ("all", true), ("label", true), ("index:3,7", true),
      ("tub, vat", true), ("index:", false), ("index:-1", false), ("index:x", false), ("", false),
    ].map { Rule("target", gradCAM: "target", .string($0.0), $0.1) }
    + [("input", true), ("model", true), ("cam", true), ("64x32", true), ("big", false)].map {
      Rule("resolution", gradCAM: "resolution", .string($0.0), $0.1)
    }
    + [("png", true), ("npy", true), ("png,npy", true), ("gif", false), ("raw", false)].map {
      Rule("heatmap", gradCAM: "format", .string($0.0), $0.1)
    }
    + [("auto", true), ("relu_1", true), ("", false)].map {
      Rule("layer", gradCAM: "layer", .string($0.0), $0.1)
    }

  private static func edges(_ range: ClosedRange<Int>) -> [(JSONValue, Bool)] {
    [
      (JSONValue(range.lowerBound - 1), false), (JSONValue(range.lowerBound), true),
      (JSONValue(range.upperBound), true), (JSONValue(range.upperBound + 1), false),
    ]
  }

  private static func edges(_ range: ClosedRange<Double>) -> [(JSONValue, Bool)] {
    [
      (.double(range.lowerBound - 0.5), false), (.double(range.lowerBound), true),
      (.double(range.upperBound), true), (.double(range.upperBound + 0.5), false),
    ]
  }

  private static func all<T: RawRepresentable>(_ flag: String, _ cases: [T]) -> [Rule]
  where T.RawValue == String {
    cases.map { Rule(flag, gradCAM: flag, .string($0.rawValue), true) }
      + [Rule(flag, gradCAM: flag, "nothing", false)]
  }

  /// Whether the command line takes the value.
  private func isTaken(_ rule: Rule) -> Bool {
    do throws(Fault) {
      let environment = Environment(variables: [:], executable: nil)
      let (arguments, line) = try resolveArguments(
        [Array("--\(rule.flag)=\(rule.value)".utf8)], .run, environment)
      let invocation = Invocation(
        arguments: arguments, line: line, environment: environment, words: [])
      _ = try invocation.inferenceRequest(standard: [.png])
      return true
    } catch {
      #expect(error.code == .paramOutOfRange, "\(error)")
      return false
    }
  }

  @Test func `flags and the schema of requests draw the same lines`() throws {
    let schema = try #require(Schema.all.first { $0.name == "input" })
    let cases = Self.rules.map { rule in
      SchemaValidator.Case(
        rule.testDescription, schema.document,
        .object((rule.option.object ?? [:]).merging(["image": ["path": "a"]]) { a, _ in a }))
    }
    for (rule, violations) in zip(Self.rules, try SchemaValidator.violations(cases)) {
      #expect(isTaken(rule) == rule.isAllowed, "\(rule.testDescription) on the command line")
      #expect(violations.isEmpty == rule.isAllowed, "\(rule.testDescription): \(violations)")
    }
  }

  @Test func `every option of a request is a flag, and its default the one that is shown`() throws {
    let schema = try #require(Schema.all.first { $0.name == "input" })
    // Members whose flag has another name, or is there by the others.
    let renamed = ["format": "heatmap", "longest_side": "resize-longest-side"]
    for group in ["classify", "grad_cam", "resize"] {
      let members = schema.document["$defs"]?[group]?["properties"]?.object ?? [:]
      #expect(!members.isEmpty)
      for (name, member) in members where name != "enabled" {
        let flagName = renamed[name] ?? String(name.map { $0 == "_" ? "-" : $0 })
        let flag = try #require(Verb.run.flags.first { $0.name == flagName }, "\(name)")
        guard let standard = member["default"], let shown = flag.standard else { continue }
        let text = standard.bool.map { $0 ? "on" : "off" } ?? standard.string ?? ""
        #expect(shown == text || Double(shown) == standard.double, "\(name): \(shown)")
      }
    }
  }

  @Test func `schemas have names of their own and say what they are`() {
    let names = Schema.all.map(\.name)
    #expect(Set(names).count == names.count)
    for schema in Schema.all {
      #expect(!schema.summary.isEmpty)
      #expect(schema.document["$schema"] == "https://json-schema.org/draft/2020-12/schema")
    }
  }

  @Test func `the schema of errors lists every code there is`() throws {
    let schema = try #require(Schema.all.first { $0.name == "error" })
    let code = schema.document["$defs"]?["error"]?["properties"]?["code"]
    let listed = code?["anyOf"]?.array?.first?["enum"]?.array?.compactMap(\.string)
    #expect(listed == Fault.Code.all.map(\.rawValue))
    let catalogue = ErrorCatalogue.json { _ in [:] }["errors"]?.array ?? []
    #expect(catalogue.count == Fault.Code.all.count)
    #expect(catalogue.allSatisfy { $0["meaning"]?.string?.isEmpty == false })
  }
}
