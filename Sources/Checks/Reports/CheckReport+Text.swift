extension CheckReport {
  /// The report for people.
  public var text: String {
    var lines = [
      "\(model) against the golden of \(baseline.modelName) (\(baseline.profile.text)"
        + (isSameProfile ? ")" : "; here \(machine.text))")
    ]
    for item in items {
      let problems = item.problems
      if problems.isEmpty {
        let within = item.stages.filter { $0.outcome == .within }
        lines.append(
          "  \(item.name): same" + (within.isEmpty ? "" : ", within the tolerances"))
      } else {
        lines.append("  \(item.name): \(problems[0])")
        lines += problems.dropFirst().map { "    \($0)" }
      }
    }
    if labels.outcome == .differs { lines.append("  labels: \(labels.text)") }
    lines += changes.filter { !$0.isTold }.map { "  version.json: \($0.text)" }
    lines.append(verdict)
    return lines.joined(separator: "\n")
  }

  /// The report as a stream of the Test Anything Protocol, version 13.
  public var tap: String {
    let tests = tests
    var lines = ["TAP version 13", "1..\(tests.count)"]
    for (index, test) in tests.enumerated() {
      let word = test.problems.isEmpty ? "ok" : "not ok"
      // A # would begin a directive.
      let name = test.name.map { $0 == "#" ? "%23" : String($0) }.joined()
      lines.append("\(word) \(index + 1) - \(oneLine(name))")
      if test.problems.isEmpty { continue }
      lines.append("  ---")
      lines.append("  message: \(yaml(test.problems[0]))")
      if test.problems.count > 1 {
        lines.append("  more:")
        lines += test.problems.dropFirst().map { "    - \(yaml($0))" }
      }
      lines.append("  ...")
    }
    return lines.joined(separator: "\n")
  }

  /// The report as workflow commands, which GitHub shows as annotations.
  public var githubAnnotations: String {
    var lines: [String] = []
    for test in tests where !test.problems.isEmpty {
      let title = escapedProperty("infercam check \(model): \(test.name)")
      let message = escapedData(test.problems.joined(separator: "\n"))
      lines.append("::error title=\(title)::\(message)")
    }
    if isSame {
      lines.append(
        "::notice title=\(escapedProperty("infercam check \(model)"))::"
          + escapedData(verdict))
    }
    return lines.joined(separator: "\n")
  }

  /// One test for the labels and one for each input.
  var tests: [(name: String, problems: [String])] {
    let differs = labels.outcome == .differs
    let first = (name: "labels", problems: differs ? ["labels: \(labels.text)"] : [])
    return [first] + items.map { (name: $0.name, problems: $0.problems) }
  }

  private func yaml(_ text: String) -> String {
    "'" + oneLine(text).map { $0 == "'" ? "''" : String($0) }.joined() + "'"
  }

  private func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }

  private func escapedData(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "%": "%25"
      case "\r": "%0D"
      case "\n": "%0A"
      default: String(scalar)
      }
    }.joined()
  }

  private func escapedProperty(_ text: String) -> String {
    escapedData(text).map { character in
      switch character {
      case ":": "%3A"
      case ",": "%2C"
      default: String(character)
      }
    }.joined()
  }
}
