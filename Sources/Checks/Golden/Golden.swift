import Execution
public import Inference
public import JSON

/// The golden values of a model version: one baseline for each kind of machine and kernels.
public struct Golden: Sendable, Hashable {
  public static let schema = "infercam.golden/1"

  /// The tool that recorded it.
  public var tool: String
  public var baselines: [GoldenBaseline]

  public init(tool: String, baselines: [GoldenBaseline]) {
    self.tool = tool
    self.baselines = baselines
  }

  /// The golden in the form of `expected.json`.
  public var json: JSONValue {
    [
      "schema": .string(Self.schema), "tool": .string(tool),
      "baselines": .array(baselines.map(\.json)),
    ]
  }

  init(_ json: JSONValue) throws(GoldenDamage) {
    let schema = try json.need("schema").needString()
    guard schema == Self.schema else {
      throw GoldenDamage("the schema \(schema) is not \(Self.schema): use a newer infercam")
    }
    tool = json["tool"]?.string ?? ""
    baselines = try json.need("baselines").needArray().map { value throws(GoldenDamage) in
      try GoldenBaseline(value)
    }
    if baselines.isEmpty { throw GoldenDamage("there is no baseline") }
  }

  /// The baseline to compare with: of this machine and engine, else of this engine, of the same
  /// instruction set where there is one, else the first.
  public func baseline(for engine: EngineOptions) -> GoldenBaseline {
    let own = MachineFacts(engine)
    let candidates: [(GoldenBaseline) -> Bool] = [
      { $0.isOf(engine) },
      { $0.hasEngine(engine) && $0.profile.instructionSet == own.instructionSet },
      { $0.hasEngine(engine) }, { _ in true },
    ]
    for fits in candidates {
      if let baseline = baselines.first(where: fits) { return baseline }
    }
    preconditionFailure("a golden has a baseline")
  }

  /// Every file that it names, below its folder.
  var files: Set<String> {
    var files: Set<String> = []
    for baseline in baselines {
      files.insert(baseline.labels)
      for item in baseline.items {
        files.insert(item.file)
        files.formUnion(item.stages.compactMap(\.file))
      }
    }
    return files
  }
}
