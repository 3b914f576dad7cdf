import Checks
import Execution
import Faults
import FileAccess
import Inference
import JSON
import Models
import Options
import Requests

extension Verb {
  static let modelsVerify = Verb(
    VerbHelp(
      "models verify", "Check a model's files and that all kernels compute the same",
      usage: "NAME[@VERSION|@ALIAS]… | DIR… [FLAGS]",
      text: """
        Of a model of the repository, the digests of all files, the number of labels, its calibrations \
        and its golden are checked, and the logits of two fixed pictures are computed by each kind of \
        kernels and compared with those of the operators' reference functions; a difference may be \
        --atol plus --rtol times the largest logit. test_data_set_* folders beside the model are run too. \
        DIR (with a slash, or holding model.onnx) is any ONNX model with test_data_set_*/input_N.pb, \
        output_N.pb. The exit status is 0 when all agree, 1 when a number differs, 4 when a file is not \
        what was registered or the graph cannot run.
        """,
      examples: [
        ("infercam models verify resnet50@2025-07-01", "before it is promoted"),
        ("infercam models verify dir/ --rtol 1e-3 --atol 1e-4", "test data with wider tolerances"),
      ]),
    flags: [Flag.modelFolders] + Flag.tolerances, body: verifyModels)
}

private func verifyModels(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  guard !words.isEmpty else {
    throw Fault(
      .paramMissing, "name a model, or a folder with model.onnx and test_data_set_*")
  }
  var status = ExitStatus.success
  for word in words {
    var members: [String: JSONValue] = [:]
    do throws(Fault) {
      let folder = RawPath(bytes: word)
      if try isFolder(folder) {
        members["dir"] = .string(folder.identifier)
        let verification = ConventionVerification(invocation.arguments)
        let sets = try verification.sets(in: folder)
        if sets.isEmpty {
          throw Fault(
            .inputNotFound,
            "\(folder.display) holds no test_data_set_*: name a version of the repository as "
              + "NAME@VERSION")
        }
        members["sets"] = .array(sets)
        members["passed"] = .bool(sets.allSatisfy { $0["passed"]?.bool == true })
      } else {
        guard let reference = String(validating: word, as: UTF8.self) else {
          throw Fault(.paramOutOfRange, "the name of the model is not valid UTF-8")
        }
        members["model"] = .string(reference)
        members.merge(try verifyVersion(reference, invocation)) { $1 }
      }
      if members["passed"]?.bool != true { status = max(status, ExitStatus.itemsFailed) }
    } catch {
      // With several of them each has its verdict; one alone fails as any command does.
      if words.count == 1 { throw error }
      members["passed"] = false
      members["error"] = error.errorObject(requestID: nil)
      status = max(status, ExitStatus.of(error))
    }
    let value = JSONValue.object(members)
    let isTable = invocation.printsTable
    try console.print(isTable ? sentence(value) : value.encodedText)
  }
  return status
}

/// Whether a word stands for a folder with a model rather than for a name in the repository.
private func isFolder(_ path: RawPath) throws(Fault) -> Bool {
  if path.bytes.contains(UInt8(ascii: "/")) { return true }
  return try FileStamp(of: path.appending("model.onnx"))?.kind == .regular
}

private func verifyVersion(
  _ reference: String, _ invocation: Invocation
) throws(Fault) -> [String: JSONValue] {
  let arguments = invocation.arguments
  // Reading and loading compare every digest.
  let model = try invocation.repository.resolve(reference)
  let calibrations = try model.calibrations()
  let engines = try model.verifyEngines(
    relative: arguments.relativeTolerance, absolute: arguments.absoluteTolerance)
  let hasGolden = try model.golden.exists()
  if hasGolden { try model.golden.verify() }
  let sets = try ConventionVerification(arguments).sets(in: model.file.parent)
  var digests = [
    RawPath(bytes: model.file.lastComponent).identifier: JSONValue.string(model.sha256)
  ]
  for (name, digest) in model.externalSHA256 { digests[name] = .string(digest) }
  return [
    "model": .string(model.reference), "sha256": .string(model.sha256),
    "digests": .object(digests), "labels": JSONValue(model.labels.count),
    "calibrations": .array(calibrations.map { .string($0.version) }),
    "golden": .bool(hasGolden), "engines": .array(engines.map(\.json)), "sets": .array(sets),
    "passed": .bool(
      engines.allSatisfy(\.passed) && sets.allSatisfy { $0["passed"]?.bool == true }),
  ]
}

extension EngineVerification {
  fileprivate var json: JSONValue {
    [
      "kernels": .string(engine.kernels.rawValue), "numerics": .string(engine.numerics.rawValue),
      "logits": JSONValue(count), "max_abs_difference": .double(maximum),
      "max_abs_logit": .double(scale), "flips": JSONValue(flips), "passed": .bool(passed),
    ]
  }
}

private func sentence(_ value: JSONValue) -> String {
  let verdict = value["passed"]?.bool == true ? "passed" : "FAILED"
  var lines = [
    printable(value["dir"]?.string ?? value["model"]?.string ?? "") + ": " + verdict
  ]
  if let engines = value["engines"]?.array {
    let calibrations = value["calibrations"]?.array?.count ?? 0
    lines.append(
      "  digests of \(value["digests"]?.object?.count ?? 0) files, \(value["labels"]?.int ?? 0) labels"
        + (calibrations > 0 ? ", \(calibrations) calibrations" : "")
        + (value["golden"]?.bool == true ? ", the files of the golden" : "") + ": as registered")
    for engine in engines {
      lines.append(
        "  \(engine["kernels"]?.string ?? "") kernels, \(engine["numerics"]?.string ?? ""): "
          + (engine["passed"]?.bool == true ? "" : "DIFFERS: ")
          + "\(engine["logits"]?.int ?? 0) logits at most "
          + "\(Float(engine["max_abs_difference"]?.double ?? 0)) from those of the reference functions, "
          + "of up to \(Float(engine["max_abs_logit"]?.double ?? 0))")
    }
  }
  for set in value["sets"]?.array ?? [] {
    for (runner, key) in [("reference functions", "outputs"), ("plan", "plan_outputs")] {
      for output in set[key]?.array ?? [] where output["passed"]?.bool != true {
        let reason =
          output["mismatch"]?.string
          ?? "\(output["differing"]?.int ?? 0) of \(output["elements"]?.int ?? 0) elements differ"
        lines.append(
          "  \(set["set"]?.string ?? ""), \(runner): \(output["name"]?.string ?? ""): \(reason)")
      }
    }
  }
  if let error = value["error"]?["message"]?.string { lines.append("  \(error)") }
  return printableLines(lines.joined(separator: "\n"))
}
