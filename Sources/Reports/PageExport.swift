import Digests
import Faults
import JSON
import Runs

/// A page that needs nothing but itself: the figures of the run, and a row for each input.
///
/// The heatmaps of the first inputs are in the page, so that it can be sent by itself.
func exportPage(
  _ run: FinishedRun, pictures: Int, to write: ([UInt8]) throws(Fault) -> Void
) throws(Fault) {
  let summary = run.summary
  let files = HeatmapFiles(run.directory)
  var left = pictures
  let model = markup("\(summary.model)@\(summary.modelVersion)")
  let facts = [
    ("Job", markup(summary.jobID)), ("Model", model), ("Status", summary.status.rawValue),
    ("Items", "\(summary.items)"), ("Succeeded", "\(summary.succeeded)"),
    ("Failed", "\(summary.failed)"), ("Run digest", markup(summary.runDigest ?? "")),
  ]
  let rows = facts.map { "<tr><th>\($0)</th><td>\($1)</td></tr>" }.joined(separator: "\n")
  let failures = summary.failures.sorted { $0.key < $1.key }.map {
    "<tr><th>\(markup($0.key))</th><td>\($0.value)</td></tr>"
  }
  try write(
    Array(
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>\(model), \(summary.items) items</title>
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'">
      <style>\(style)</style></head><body>
      <h1>\(model)</h1>
      <table class="facts">
      \(rows)
      \(failures.joined(separator: "\n"))
      </table>
      <table><thead><tr><th></th><th>Input</th><th>Classes</th></tr></thead><tbody>

      """.utf8))
  try run.eachItem { (item) throws(Fault) in
    var picture = ""
    if left > 0, let path = item.picture, let bytes = try files.read(path) {
      left -= 1
      picture =
        #"<img alt="heatmap of \#(markup(item.id))" src="data:image/png;base64,\#(base64(bytes))">"#
    }
    let answer =
      item.hasSucceeded
      ? item.classes.map { entry in
        let percent = percentage(entry["prob"]?.double ?? 0)
        return "<div>\(percent) \(markup(entry["label"]?.string ?? ""))</div>"
      }.joined()
      : "<div class=\"failed\">\(markup(item.errorCode ?? "")): "
        + "\(markup(item.errorMessage ?? ""))</div>"
    try write(
      Array("<tr><td>\(picture)</td><td>\(markup(item.id))</td><td>\(answer)</td></tr>\n".utf8))
  }
  try write(Array("</tbody></table>\n</body></html>\n".utf8))
}

/// A probability such as `97.60 %`.
private func percentage(_ probability: Double) -> String {
  let hundredths = Int((min(max(probability, 0), 1) * 10_000).rounded())
  let fraction = hundredths % 100
  return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) %"
}

private let style = """
  body{font:14px system-ui,sans-serif;margin:2em;color:#222}table{border-collapse:collapse}\
  td,th{padding:.3em .8em;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}\
  img{max-width:16em;max-height:12em}.facts{margin-bottom:2em}.failed{color:#a00}
  """
