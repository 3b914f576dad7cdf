import Checks
import Faults
import FileAccess
import JSON
import Metrics
import Models
import Options
import Runs
import Tensors

#if canImport(Glibc)
import Glibc
#endif

extension Verb {
  static let diff = Verb(
    VerbHelp(
      "diff", "Compare the results of two finished runs", usage: "RUN_A RUN_B [FLAGS]",
      text: """
        Items are matched by id, classes by id or by the mapping file of the models. Without a limit the \
        exit status is 0 when all classes, probabilities and maps are the same, and 1 when one differs; \
        with limits those that are given decide.
        """,
      examples: [
        ("infercam diff runs/a runs/b --json", "flips, drift and overlap as one object"),
        (
          "infercam diff runs/fp32 runs/int8 --max-flips 1% --min-iou 0.9 --html diff.html",
          "exit 0 when the quantised model is near enough"
        ),
      ]),
    flags: Flag.driftLimits + [Flag.mapping, Flag.modelFolders, Flag.html, Flag.named],
    body: diffRuns)
}

extension Flag where Arguments == Commands.Arguments {
  /// How many items a report names.
  fileprivate static let named = Self(
    "limit", value: "N", .output, "name at most N items of a kind, 1 to 10000", default: "100"
  ) { value, arguments throws(Fault) in arguments.limit = try value.int(in: 1...10_000) }
}

private func diffRuns(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  guard words.count == 2 else { throw Fault(.paramMissing, "name two run directories") }
  let sides = try words.map { word throws(Fault) in
    try RunSide(RunDirectory(RawPath(bytes: word)))
  }
  let (first, second) = (sides[0], sides[1])
  let (mapping, inverse) = try invocation.labelMapping(first, second)
  var difference = RunDiff(
    mapping: mapping, inverse: inverse, namedItems: invocation.arguments.limit)
  try compare(first, second, &difference)
  let limits = invocation.arguments.drift.limits
  let verdicts = limits.isEmpty ? [] : difference.verdicts(limits)
  let isSame = limits.isEmpty ? difference.isIdentical : verdicts.allSatisfy(\.passed)
  var members = difference.json.object ?? [:]
  members["schema"] = .string(RunDiff.schema)
  members["same"] = .bool(isSame)
  members["a"] = first.json
  members["b"] = second.json
  members["mapping"] = [
    "from": .string(mapping.from), "to": .string(mapping.to),
    "classes": JSONValue(mapping.counterparts.count),
  ]
  members["verdicts"] = .array(verdicts.map(\.json))
  let report = JSONValue.object(members)
  if let file = invocation.arguments.drift.html {
    let page = DriftPage(
      title: "\(first.title) and \(second.title)", report: report, verdicts: verdicts,
      rows: difference.flips.map { $0.row(first, second, beside: file) })
    try replaceFile(
      file, with: Array(page.html.utf8),
      temporary: RawPath(bytes: file.bytes + Array(".part".utf8)))
  }
  if invocation.printsTable {
    var lines = ["a: \(first.title)", "b: \(second.title)", itemSentence(report)]
    lines += DriftSentences.lines(report)
    lines += verdicts.map(DriftSentences.line)
    lines.append(isSame ? "same" : "differs")
    try console.print(printableLines(lines.joined(separator: "\n")))
  } else {
    try console.print(report.encodedText)
  }
  return isSame ? ExitStatus.success : ExitStatus.itemsFailed
}

/// Compares item by item, in the order of the first run.
private func compare(
  _ first: RunSide, _ second: RunSide, _ difference: inout RunDiff
) throws(Fault) {
  var places: [String: ResultReader.Place] = [:]
  var order: [String] = []
  while let (value, place) = try second.reader.next() {
    guard let id = value["id"]?.string else { continue }
    places[id] = place
    order.append(id)
  }
  while let (value, _) = try first.reader.next() {
    guard let id = value["id"]?.string else { continue }
    guard let place = places.removeValue(forKey: id) else {
      difference.addMissing(id, inSecond: true)
      continue
    }
    let other = try second.reader.value(at: place)
    var heatmaps: (RunDiff.Heatmap, RunDiff.Heatmap)?
    if let mine = try first.heatmap(of: value), let theirs = try second.heatmap(of: other) {
      heatmaps = (mine, theirs)
    }
    difference.add(id, value, other, heatmaps: heatmaps)
  }
  for id in order where places[id] != nil { difference.addMissing(id, inSecond: false) }
}

private func itemSentence(_ report: JSONValue) -> String {
  let items = report["items"]
  var parts = [
    "\(items?["both"]?.int ?? 0) items in both, \(items?["identical"]?.int ?? 0) of them identical"
  ]
  for (key, words) in [
    ("only_a", "only in a"), ("only_b", "only in b"), ("failed_a", "failed in a alone"),
    ("failed_b", "failed in b alone"), ("other_failure", "failed in another way"),
  ] {
    guard let count = items?[key]?["count"]?.int, count > 0 else { continue }
    let ids = (items?[key]?["ids"]?.array ?? []).compactMap(\.string)
    let more = count > 3 ? ", …" : ""
    parts.append("\(count) \(words) (\(ids.prefix(3).joined(separator: ", "))\(more))")
  }
  return parts.joined(separator: "; ")
}

/// One of the runs that are compared.
private struct RunSide {
  let directory: RunDirectory
  let reader: ResultReader

  init(_ directory: RunDirectory) throws(Fault) {
    self.directory = directory
    reader = try ResultReader(directory)
  }

  var model: JSONValue { reader.specification.fingerprint.json["model"] ?? .null }

  var reference: String {
    "\(model["name"]?.string ?? "")@\(model["version"]?.string ?? "")"
  }

  private var calibration: String? { model["spec"]?["calibration"]?["version"]?.string }

  var title: String {
    let calibrated = calibration.flatMap { $0 == "none" ? nil : ", calibration \($0)" } ?? ""
    return "\(reference)\(calibrated) (\(directory.path.display))"
  }

  var json: JSONValue {
    [
      "output": .string(directory.path.identifier), "job_id": .string(reader.summary.jobID),
      "model": model["name"] ?? .null, "model_version": model["version"] ?? .null,
      "model_sha256": model["sha256"] ?? .null, "labels_version": model["labels_version"] ?? .null,
      "calibration_version": JSONValue(calibration),
      "items": JSONValue(reader.summary.items), "run_digest": JSONValue(reader.summary.runDigest),
    ]
  }

  /// The signed map of a result; `nil` where there is none, or more than one in its file.
  func heatmap(of item: JSONValue) throws(Fault) -> RunDiff.Heatmap? {
    guard let heatmap = item["result"]?["heatmap"], let raw = heatmap["raw"],
      let file = raw["path"]?.string, let digest = raw["sha256"]?.string,
      let classID = heatmap["target"]?["id"]?.string,
      let shape = raw["shape"]?.array?.compactMap(\.int), shape.count == 2
    else { return nil }
    let path = directory.path.appending(file)
    let bytes = try readRegularFile(path, limit: 1 << 28).bytes
    let tensor: Tensor
    do throws(Fault) {
      tensor = try bytes.withUnsafeBytes { raw in
        Result { () throws(Fault) in try NPY.decode(raw) }
      }.get()
    } catch {
      throw Fault(.runCorrupt, "\(path.display): \(error.message)", cause: error)
    }
    guard tensor.dtype == .float32, Array(tensor.shape.dimensions) == shape else {
      throw Fault(.runCorrupt, "\(path.display) is not the map that the result tells of")
    }
    // Of an array as input the map fills what is drawn.
    let whole = [
      Double(heatmap["width"]?.int ?? shape[1]) / Double(shape[1]), 0, 0,
      Double(heatmap["height"]?.int ?? shape[0]) / Double(shape[0]), 0, 0,
    ]
    let affine = heatmap["to_input"]?.array?.compactMap(\.double) ?? whole
    guard affine.count == 6 else { return nil }
    return RunDiff.Heatmap(
      map: MapAgreement.Map(
        height: shape[0], width: shape[1], values: tensor.aligned().elements(of: Float.self),
        toInput: affine), classID: classID, digest: digest)
  }

  /// The picture of a heatmap.
  func picture(of item: JSONValue) -> RawPath? {
    guard let heatmap = item["result"]?["heatmap"], let path = heatmap["path"]?.string,
      path.hasSuffix(".png")
    else { return nil }
    return directory.path.appending(path)
  }
}

extension RunDiff.Flip {
  fileprivate func row(
    _ first: RunSide, _ second: RunSide, beside page: RawPath
  ) -> DriftPage.Row {
    let source = results.first["source"]?["path"]?.string.map { RawPath($0) }
    let pictures = [
      source, first.picture(of: results.first), second.picture(of: results.second),
    ]
    return DriftPage.Row(
      id: id, first: self.first, second: self.second,
      pictures: pictures.map { $0.map { address(of: $0, beside: page) } })
  }
}

/// The address of a file for a page in another folder.
private func address(of path: RawPath, beside page: RawPath) -> String {
  var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
  let isKnown = getcwd(&buffer, buffer.count) != nil
  let current = RawPath(
    bytes: isKnown ? buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)) : [])
  func components(_ path: RawPath) -> [[UInt8]] {
    current.appending(path).bytes.split(separator: UInt8(ascii: "/")).map(Array.init)
      .filter { $0 != [UInt8(ascii: ".")] }
  }
  let (target, from) = (components(path), components(page).dropLast())
  let shared = zip(target, from).prefix { $0 == $1 }.count
  let up = [String](repeating: "..", count: from.count - shared)
  let down = target.dropFirst(shared).map { component in
    component.map { byte in
      let character = Character(Unicode.Scalar(byte))
      let isPlain =
        byte < 0x80 && (character.isLetter || character.isNumber || "._-~".contains(character))
      return isPlain ? String(character) : percentEscape(byte)
    }.joined()
  }
  return (up + down).joined(separator: "/")
}

extension Invocation {
  /// How the classes of two runs are related, and the other way round.
  fileprivate func labelMapping(
    _ first: RunSide, _ second: RunSide
  ) throws(Fault) -> (LabelMapping, LabelMapping) {
    let versions = [first, second].map { try? repository.resolve($0.reference) }
    if let a = versions[0], let b = versions[1],
      a.labels.version == first.model["labels_version"]?.string,
      b.labels.version == second.model["labels_version"]?.string
    {
      let mapping = try labelMapping(from: a, to: b)
      return (mapping, mapping.inverted(over: a.labels))
    }
    let (from, to) = (
      first.model["labels_version"]?.string ?? "", second.model["labels_version"]?.string ?? ""
    )
    var mapping = LabelMapping(from: from, to: to)
    if let file = arguments.drift.mapping {
      mapping = try ModelRepository.readMapping(file)
      if (mapping.from, mapping.to) != (from, to) {
        throw Fault(
          .modelInvalid,
          "\(file.display) relates labels \(mapping.from) and \(mapping.to), the runs have "
            + "\(from) and \(to)")
      }
    } else if first.model["labels_sha256"] != second.model["labels_sha256"] {
      warnOfUnrelatedLabels(from, to)
    }
    let listed = mapping.counterparts.keys.sorted().map { Labels.Class(id: $0, label: $0) }
    return (mapping, mapping.inverted(over: Labels(version: from, classes: listed)))
  }

  /// How the classes of two models are related: by `--mapping`, by the mapping file of the models, or
  /// by their ids.
  func labelMapping(
    from first: ModelVersion, to second: ModelVersion
  ) throws(Fault) -> LabelMapping {
    if let file = arguments.drift.mapping {
      let mapping = try ModelRepository.readMapping(file)
      do throws(Fault) {
        try mapping.check(from: first.labels, to: second.labels)
      } catch {
        throw error.prefixed(file.display)
      }
      return mapping
    }
    if let mapping = try repository.labelMapping(from: first, to: second) { return mapping }
    warnOfUnrelatedLabels(first.labels.version, second.labels.version)
    return LabelMapping(from: first.labels.version, to: second.labels.version)
  }

  private func warnOfUnrelatedLabels(_ first: String, _ second: String) {
    note(
      "infercam: warning: no mapping file relates labels \(first) and \(second): classes are the "
        + "same where their ids are")
  }
}
