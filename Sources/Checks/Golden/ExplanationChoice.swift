import JSON
public import Requests

/// Which heatmap is checked.
public struct ExplanationChoice: Sendable, Hashable {
  public var layers: [String]
  public var method: GradCAMOptions.Method
  public var target: GradCAMOptions.Target
  public var score: GradCAMOptions.Score

  /// The choice that options stand for; of several targets the first one counts.
  public init(_ options: GradCAMOptions) {
    layers = options.layers
    method = options.method
    target = options.targets.first ?? .top1
    score = options.score
  }

  /// The options of a request.
  var options: GradCAMOptions {
    var options = GradCAMOptions()
    options.enabled = true
    options.layers = layers
    options.method = method
    options.targets = [target]
    options.score = score
    options.formats = []
    return options
  }

  var json: JSONValue {
    [
      "layer": .array(layers.map(JSONValue.string)), "method": .string(method.rawValue),
      "target": .string(target.text), "score": .string(score.rawValue),
    ]
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    layers = try json.need("layer").needArray().map { value throws(GoldenDamage) in
      try value.needString()
    }
    guard let method = GradCAMOptions.Method(rawValue: try json.need("method").needString()),
      let target = GradCAMOptions.Target.list(try json.need("target").needString())?.first,
      let score = GradCAMOptions.Score(rawValue: try json.need("score").needString())
    else { throw GoldenDamage("explanation names a method, target or score that is not known") }
    self.method = method
    self.target = target
    self.score = score
  }
}
