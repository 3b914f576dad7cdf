extension CheckReport {
  /// The report as a JUnit XML document: a test case for the labels and one for each input.
  public var junit: String {
    let tests = tests
    let failures = tests.count { !$0.problems.isEmpty }
    let suite = xml("infercam check \(model)")
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<testsuites tests="\#(tests.count)" failures="\#(failures)">"#,
      #"  <testsuite name="\#(suite)" tests="\#(tests.count)" failures="\#(failures)" errors="0" skipped="0">"#,
      "    <properties>",
      property("golden", baseline.modelName), property("profile", baseline.profile.text),
      property("machine", machine.text), "    </properties>",
    ]
    for test in tests {
      let start = #"    <testcase classname="\#(suite)" name="\#(xml(test.name))""#
      guard let message = test.problems.first else {
        lines.append(start + "/>")
        continue
      }
      lines.append(start + ">")
      lines.append(
        #"      <failure message="\#(xml(message))" type="differs">"#
          + xml(test.problems.joined(separator: "\n")) + "</failure>")
      lines.append("    </testcase>")
    }
    lines += ["  </testsuite>", "</testsuites>", ""]
    return lines.joined(separator: "\n")
  }

  private func property(_ name: String, _ value: String) -> String {
    #"      <property name="\#(name)" value="\#(xml(value))"/>"#
  }

  /// The text with what has a meaning in XML escaped, and without what may not occur in it.
  private func xml(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "\n", "\t": String(scalar)
      default:
        scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF
          ? "\u{FFFD}" : String(scalar)
      }
    }.joined()
  }
}
