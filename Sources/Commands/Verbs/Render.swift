import Faults
import FileAccess
import Inference
import JSON
import Options
import Requests
import Runs

extension Verb {
  static let render = Verb(
    VerbHelp(
      "render", "Draw the stored maps of a finished run anew, without inference",
      usage: "DIR|JOB -o DIR [FLAGS]",
      text: """
        What is not said is drawn as in the run; a file that is drawn as the run drew it has the same \
        bytes. --normalize run divides every map by the largest value of all, so that colours can be \
        compared across images. --overlay reads the images again, which must not have changed. \
        heatmaps.jsonl in the folder names every file.
        """,
      examples: [
        ("infercam render out --colormap viridis -o recoloured/", "other colours"),
        ("infercam render out --normalize run --overlay -o compared/", "one scale for all images"),
      ]),
    flags: [renderFolder, renderNormalization] + drawing
      + Flag.work.filter { $0.name == "workers" }, body: renderVerb)

  private static let drawing: [Flag<Arguments>] = Flag.explain.filter {
    ["heatmap", "colormap", "overlay", "alpha", "resolution"].contains($0.name)
  }.map { flag in
    flag.with(
      default: asInRun, help: flag.name == "heatmap" ? "png, npy or png,npy: the files" : nil)
  }

  private static let asInRun = "as in the run"

  private static let renderFolder = Flag<Arguments>(
    "output", short: "o", value: "DIR", .output, "the folder for what is drawn, never a run"
  ) { value, arguments throws(Fault) in
    arguments.output = RawPath(bytes: try value.nonEmptyBytes())
  }

  private static let renderNormalization = Flag<Arguments>(
    "normalize", value: "MODE", .explain,
    GradCAMOptions.Normalization.allCases.map(\.rawValue).joined(separator: " | "),
    default: asInRun, choices: GradCAMOptions.Normalization.allCases.map(\.rawValue)
  ) { value, arguments throws(Fault) in
    arguments.inference.gradCAM.normalize = try value.word(GradCAMOptions.Normalization.self)
  }
}

private func renderVerb(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let arguments = invocation.arguments
  let directory = try onlyDirectory(invocation)
  guard let output = arguments.output else {
    throw Fault(.paramMissing, "name the folder for what is drawn with -o DIR")
  }
  let said = Set(invocation.line.origins.keys)
  let given = arguments.inference.gradCAM
  var request = RenderRequest(
    output: output, formats: said.contains("heatmap") ? arguments.heatmaps : nil
  ) { options in
    if said.contains("colormap") { options.colormap = given.colormap }
    if said.contains("overlay") { options.overlay = given.overlay }
    if said.contains("alpha") { options.alpha = given.alpha }
    if said.contains("resolution") { options.resolution = given.resolution }
    if said.contains("normalize") {
      // Colours that suit the other normalisation, unless they were chosen.
      if !said.contains("colormap"), given.normalize == .signed || options.normalize == .signed {
        options.colormap = nil
      }
      options.normalize = given.normalize
    }
  }
  if request.formats == [] { throw Fault(.paramOutOfRange, "--heatmap none draws nothing") }
  request.workers = invocation.workers
  request.access.store = invocation.store
  let report = try directory.render(request)
  for failure in report.failures {
    invocation.note("infercam: \(printable(failure.id)): \(failure.fault.message)")
  }
  if invocation.printsTable {
    try console.print(
      "drew \(report.files) files of \(report.rendered) items into \(output.display)"
        + (report.skipped > 0 ? ", \(report.skipped) items have no map" : "")
        + (report.failures.isEmpty ? "" : ", \(report.failures.count) failed"))
  } else {
    try console.print(
      JSONValue.object([
        "run": .string(directory.path.identifier), "output": .string(output.identifier),
        "rendered": JSONValue(report.rendered), "files": JSONValue(report.files),
        "skipped": JSONValue(report.skipped),
        "failed": .array(
          report.failures.map { failure in
            [
              "id": .string(failure.id), "error": failure.fault.errorObject(requestID: nil),
            ]
          }),
      ]).encodedText)
  }
  return report.failures.isEmpty ? ExitStatus.success : ExitStatus.itemsFailed
}
