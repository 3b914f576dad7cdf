public import JSON
public import Metrics

/// A comparison of two runs as a web page of one file; pictures are linked.
public struct DriftPage {
  /// A row of the table of flips.
  public struct Row {
    public var id: String
    public var first: DriftTally.TopClass
    public var second: DriftTally.TopClass
    /// Addresses of the input and of the two heatmaps, where they are pictures.
    public var pictures: [String?]

    public init(
      id: String, first: DriftTally.TopClass, second: DriftTally.TopClass, pictures: [String?]
    ) {
      self.id = id
      self.first = first
      self.second = second
      self.pictures = pictures
    }
  }

  private let title: String
  private let report: JSONValue
  private let verdicts: [DriftLimits.Verdict]
  private let rows: [Row]

  /// - Parameter report: of `RunDiff`, with what is known of the runs.
  public init(
    title: String, report: JSONValue, verdicts: [DriftLimits.Verdict], rows: [Row]
  ) {
    self.title = title
    self.report = report
    self.verdicts = verdicts
    self.rows = rows
  }

  /// The page.
  public var html: String {
    let isSame = report["same"]?.bool ?? false
    var lines = [
      "<!DOCTYPE html>", #"<html lang="en"><head><meta charset="utf-8">"#,
      "<title>\(escaped(title))</title>", "<style>\(Self.style)</style></head><body>",
      "<h1>\(escaped(title))</h1>",
      #"<p class="\#(isSame ? "same" : "differs")">\#(isSame ? "same" : "differs")</p>"#, "<ul>",
    ]
    lines += DriftSentences.lines(report, namedFlips: 0).map { "<li>\(escaped($0))</li>" }
    lines.append("</ul>")
    if !verdicts.isEmpty {
      lines.append("<h2>Limits</h2><ul>")
      lines += verdicts.map {
        #"<li class="\#($0.passed ? "same" : "differs")">\#(escaped(DriftSentences.line($0)))</li>"#
      }
      lines.append("</ul>")
    }
    lines += absences
    lines += rates
    lines += flips
    return (lines + ["</body></html>", ""]).joined(separator: "\n")
  }

  private var flips: [String] {
    if rows.isEmpty { return [] }
    let total = report["flips"]?["count"]?.int ?? rows.count
    var lines = [
      "<h2>First classes that differ (\(rows.count) of \(grouped(total)))</h2>", "<table>",
      "<tr><th>input</th><th>a</th><th>b</th><th>picture</th><th>heatmap a</th><th>heatmap b</th></tr>",
    ]
    for row in rows {
      let pictures = row.pictures.map { address in
        address.map { #"<td><img loading="lazy" alt="" src="\#(escaped($0))"></td>"# }
          ?? "<td></td>"
      }
      lines.append(
        "<tr><td>\(escaped(row.id))</td><td>\(cell(row.first))</td><td>\(cell(row.second))</td>"
          + pictures.joined() + "</tr>")
    }
    return lines + ["</table>"]
  }

  private var rates: [String] {
    let changed = report["label_rates"]?["changed"]?.array ?? []
    if changed.isEmpty { return [] }
    var lines = [
      "<h2>How often a class comes first</h2>",
      "<table><tr><th>class</th><th>a</th><th>b</th></tr>",
    ]
    for entry in changed.prefix(50) {
      lines.append(
        "<tr><td>\(escaped(entry["id"]?.string ?? ""))</td><td>\(entry["a"]?.int ?? 0)</td>"
          + "<td>\(entry["b"]?.int ?? 0)</td></tr>")
    }
    return lines + ["</table>"]
  }

  private var absences: [String] {
    let names = [
      ("only_a", "only in a"), ("only_b", "only in b"), ("failed_a", "failed in a alone"),
      ("failed_b", "failed in b alone"), ("other_failure", "failed in another way"),
    ]
    var lines: [String] = []
    for (key, words) in names {
      guard let entry = report["items"]?[key], let count = entry["count"]?.int, count > 0 else {
        continue
      }
      let ids = (entry["ids"]?.array ?? []).compactMap(\.string)
      lines.append(
        "<h2>\(grouped(count)) \(words)</h2><p>\(ids.map(escaped).joined(separator: "<br>"))</p>")
    }
    return lines
  }

  private func cell(_ top: DriftTally.TopClass) -> String {
    "\(escaped(top.label))<br><small>\(escaped(top.id)), \(short(top.probability * 100)) %</small>"
  }

  private func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: scalar.value < 0x20 ? " " : String(scalar)
      }
    }.joined()
  }

  private static let style = """
    body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:80em;padding:0 1em;color:#222}
    table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}
    img{max-width:12em;max-height:12em}.same{color:#17692b}.differs{color:#a3161b}small{color:#666}
    """
}
