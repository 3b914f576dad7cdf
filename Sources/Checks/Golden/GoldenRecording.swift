import Digests
public import Faults
import FileAccess
import Inference
import JSON
import Models

#if canImport(Glibc)
import Glibc
#endif

/// What has been recorded.
public struct GoldenRecording: Sendable {
  public var golden: Golden
  /// Baselines of other machines or kernels that were kept.
  public var kept: Int
  /// Baselines that do not fit what was recorded and were left out.
  public var dropped: [MachineFacts]
}

extension GoldenFolder {
  /// The inputs of the golden that is there, the recorded one before the accepted one.
  /// - Throws: `Fault` with code `input.not_found` when there is none.
  public func recordedInputs() throws(Fault) -> [GoldenInput] {
    let isNew = try FileStamp(of: Self.new(expected)) != nil
    return try inputs(of: try read(isNew: isNew).baselines[0])
  }

  /// The layers of the golden that is there: `all`, or their names.
  public func recordedLayers() throws(Fault) -> [String] {
    let isNew = try FileStamp(of: Self.new(expected)) != nil
    switch try read(isNew: isNew).baselines[0].layers {
    case .none: return []
    case .all: return ["all"]
    case .named(let names): return names
    }
  }

  func inputs(of baseline: GoldenBaseline) throws(Fault) -> [GoldenInput] {
    try baseline.items.map { item throws(Fault) in
      GoldenInput(
        name: item.name, bytes: try input(of: item),
        declared: declaredType(of: RawPath(item.file)))
    }
  }

  /// Computes the golden values of inputs and writes them as `*.new`.
  ///
  /// Baselines of other machines or kernels are kept when they are of the same model and inputs.
  /// - Throws: the fault of an input that cannot be computed, or those of storage.
  public func record(
    _ inputs: [GoldenInput], of subject: GoldenSubject, tool: String, batch: Int, workers: Int
  ) throws(Fault) -> GoldenRecording {
    try createDirectories(path.parent)
    try createDirectory(path, mode: 0o777)
    try finishAccepting()
    for folder in [Self.inputs, Self.arrays] {
      try createDirectory(path.appending(folder), mode: 0o777)
    }
    let computed = try subject.compute(inputs, batch: batch, workers: workers)
    var items: [GoldenItem] = []
    for (input, result) in zip(inputs, computed) {
      do throws(Fault) {
        items.append(try write(try result.get(), of: input))
      } catch {
        throw error.prefixed(input.name)
      }
    }
    let labels = subject.model.labels.json.encoded(pretty: true) + [0x0A]
    let labelsFile = try write(labels, named: "labels", "json", in: Self.arrays)
    let baseline = GoldenBaseline(
      model: subject.model, engine: subject.engine, labels: labelsFile,
      explanation: subject.explanation, hasAllLayers: subject.layers == .all, items: items)
    let others = try otherBaselines(than: baseline)
    let golden = Golden(tool: tool, baselines: others.kept + [baseline])
    for folder in [Self.inputs, Self.arrays] {
      try synchronizeDirectory(path.appending(folder))
    }
    try replace(Self.new(expected), with: golden.json.encoded(pretty: true) + [0x0A])
    return GoldenRecording(
      golden: golden, kept: others.kept.count, dropped: others.dropped.map(\.profile))
  }

  /// Writes tolerances as `tolerances.json.new`.
  public func record(_ tolerances: Tolerances) throws(Fault) {
    try finishAccepting()
    try replace(Self.new(self.tolerances), with: tolerances.json.encoded(pretty: true) + [0x0A])
  }

  /// Makes what has been recorded the golden, all of it in one step, and removes what it no longer names.
  /// - Returns: the names of the files that were accepted.
  /// - Throws: `Fault` with code `input.not_found` when nothing has been recorded, `model.invalid`
  ///   when a file of it is missing or damaged.
  public func accept() throws(Fault) -> [String] {
    try finishAccepting()
    var pending: [RawPath] = []
    for file in [expected, tolerances] where try FileStamp(of: Self.new(file)) != nil {
      pending.append(file)
    }
    guard !pending.isEmpty else {
      throw Fault(
        .inputNotFound,
        "there is nothing to accept in \(path.display): infercam check record or calibrate writes it"
      )
    }
    if pending.contains(expected) { try verifyFiles(of: try read(isNew: true)) }
    if pending.contains(tolerances) { _ = try readTolerances(isNew: true) }
    let names = pending.map { String(decoding: $0.lastComponent, as: UTF8.self) }
    try replace(accepting, with: Array((names.joined(separator: "\n") + "\n").utf8))
    try finishAccepting()
    return names
  }

  /// Gives the files that have been accepted their names, and removes what the golden no longer names;
  /// does nothing unless the process that accepted them was ended before.
  private func finishAccepting() throws(Fault) {
    let names = try namesBeingAccepted()
    if names.isEmpty { return }
    for file in [expected, tolerances] where names.contains(Array(file.lastComponent)) {
      if try FileStamp(of: Self.new(file)) != nil { try renameFile(Self.new(file), to: file) }
    }
    try synchronizeDirectory(path)
    try removeFile(accepting)
    try synchronizeDirectory(path)
    if names.contains(Array(expected.lastComponent)) { try removeUnnamedFiles() }
  }

  /// Compares every file of the golden with its digest.
  /// - Throws: `Fault` with code `model.invalid` when one is missing or damaged.
  public func verify() throws(Fault) {
    try verifyFiles(of: try read())
    _ = try readTolerances()
  }

  private func verifyFiles(of golden: Golden) throws(Fault) {
    for baseline in golden.baselines {
      _ = try labels(of: baseline)
      for item in baseline.items {
        _ = try input(of: item)
        for record in item.stages { _ = try array(of: record) }
      }
    }
  }

  private func removeUnnamedFiles() throws(Fault) {
    let named = try read().files
    for folder in [Self.inputs, Self.arrays] {
      for name in try namesInDirectory(path.appending(folder)) {
        guard let text = name.text, !named.contains("\(folder)/\(text)") else { continue }
        try removeFile(path.appending(folder).appending(name))
      }
    }
  }

  private func otherBaselines(
    than baseline: GoldenBaseline
  ) throws(Fault) -> (kept: [GoldenBaseline], dropped: [GoldenBaseline]) {
    guard try exists() else { return ([], []) }
    var kept: [GoldenBaseline] = []
    var dropped: [GoldenBaseline] = []
    for other in try read().baselines {
      let isSameKind =
        other.profile == baseline.profile && other.kernels == baseline.kernels
        && other.numerics == baseline.numerics
      if isSameKind { continue }
      if other.model == baseline.model, other.inputs == baseline.inputs {
        kept.append(other)
      } else {
        dropped.append(other)
      }
    }
    return (kept, dropped)
  }

  private func write(_ item: ComputedItem, of input: GoldenInput) throws(Fault) -> GoldenItem {
    let plain = plainName(input.name)
    let file = try write(input.bytes, named: plain.stem, plain.ending, in: Self.inputs)
    var records: [StageRecord] = []
    for (index, stage) in item.stages.enumerated() {
      var record = StageRecord(stage.stage, stage.array)
      if stage.isKept {
        var word = stage.stage.name
        if case .layer = stage.stage { word = "layer-\(index)" }
        record.file = try write(
          stage.array.npy, named: "\(plain.stem).\(word)", "npy", in: Self.arrays)
      }
      records.append(record)
    }
    return GoldenItem(
      file: file, name: input.name, sha256: SHA256.hex(of: input.bytes), stages: records,
      classes: item.classes, heatmap: item.heatmap)
  }

  /// Writes a file whose name bears the start of its digest, unless it is there already.
  private func write(
    _ bytes: [UInt8], named stem: String, _ ending: String, in folder: String
  ) throws(Fault) -> String {
    let digest = SHA256.hex(of: bytes)
    let name = "\(folder)/\(stem).\(digest.prefix(8))" + (ending.isEmpty ? "" : ".\(ending)")
    let file = path.appending(name)
    if let stamp = try FileStamp(of: file, followingLinks: false), stamp.kind == .regular,
      stamp.size == bytes.count,
      SHA256.hex(of: try readRegularFile(file, limit: bytes.count).bytes) == digest
    {
      return name
    }
    try store(bytes, at: file)
    return name
  }

  /// Writes a file whole; who may read a model may read its golden.
  private func store(_ bytes: [UInt8], at file: RawPath) throws(Fault) {
    let part = RawPath(bytes: file.bytes + Array(".part".utf8))
    try removeFile(part)
    do throws(Fault) {
      let descriptor = try Descriptor(
        opening: part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o666)
      try descriptor.write(bytes)
      try descriptor.synchronize()
      try descriptor.close()
      try renameFile(part, to: file)
    } catch {
      try? removeFile(part)
      throw error
    }
  }

  private func replace(_ file: RawPath, with bytes: [UInt8]) throws(Fault) {
    try createDirectories(path)
    try store(bytes, at: file)
    try synchronizeDirectory(path)
  }

  /// The last component of a name in plain letters, and its ending.
  private func plainName(_ name: String) -> (stem: String, ending: String) {
    let last = name.split(separator: "/").last.map(String.init) ?? "input"
    let plain = String(
      last.unicodeScalars.map { scalar -> Character in
        let isPlain =
          scalar.isASCII && (Character(scalar).isLetter || Character(scalar).isNumber)
          || "._-".unicodeScalars.contains(scalar)
        return isPlain ? Character(scalar) : "_"
      })
    let visible = String(plain.drop { $0 == "." })
    guard let dot = visible.lastIndex(of: "."), dot != visible.startIndex else {
      return (String(visible.prefix(80)), "")
    }
    return (
      String(visible[..<dot].prefix(80)), String(visible[visible.index(after: dot)...].prefix(8))
    )
  }
}
