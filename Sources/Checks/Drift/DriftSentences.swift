public import JSON
public import Metrics

/// A report of drift in sentences for people.
public enum DriftSentences {
  /// The sentences of the figures of `DriftTally` or `RunDiff`.
  public static func lines(_ report: JSONValue, namedFlips: Int = 10) -> [String] {
    var lines: [String] = []
    let flips = report["flips"]
    let share = flips?["share"]?.double.map { " (\(percent($0)))" } ?? ""
    lines.append("top-1 flips: \(flips?["count"]?.int ?? 0)\(share)")
    let named = flips?["items"]?.array ?? []
    for flip in named.prefix(namedFlips) {
      lines.append(
        "  \(flip["id"]?.string ?? ""): \(title(flip["a"])) → \(title(flip["b"]))")
    }
    let more = (flips?["count"]?.int ?? 0) - min(named.count, namedFlips)
    if more > 0 { lines.append("  and \(grouped(more)) more") }
    if let drift = report["prob_drift"], let largest = drift["max"]?.double {
      lines.append(
        "probability drift: mean \(figure(drift["mean"])), p99 \(figure(drift["p99"])), "
          + "max \(short(largest)) (\(drift["max_id"]?.string ?? ""))")
    }
    if let rates = report["label_rates"] {
      lines.append(
        "label rates: PSI \(figure(rates["psi"])), "
          + "\(rates["changed"]?.array?.count ?? 0) of \(rates["classes"]?.int ?? 0) classes changed"
      )
    }
    if let iou = report["heatmaps"]?["iou"] {
      let shift = report["heatmaps"]?["center_shift"]
      lines.append(
        "heatmaps: IoU@0.5 mean \(figure(iou["mean"])), min \(figure(iou["min"])) "
          + "(\(iou["min_id"]?.string ?? "")); centre moved \(figure(shift?["mean"])) px on average, "
          + "\(figure(shift?["max"])) px at most")
    }
    if let a = report["truth"]?["a"], let b = report["truth"]?["b"] {
      lines.append(
        "truth: accuracy \(percent(a["accuracy"])) → \(percent(b["accuracy"])), "
          + "top-5 \(percent(a["top5_accuracy"])) → \(percent(b["top5_accuracy"])), "
          + "calibration error \(percent(a["ece"])) → \(percent(b["ece"])) "
          + "on \(a["scored"]?.int ?? 0) items")
    }
    return lines
  }

  /// The sentence of a limit.
  public static func line(_ verdict: DriftLimits.Verdict) -> String {
    let value = verdict.value.map(short) ?? "not known"
    let relation = verdict.name == "iou" ? "at least" : "at most"
    return
      "\(verdict.passed ? "ok" : "exceeded"): \(verdict.name) \(value), \(relation) \(verdict.limit)"
  }

  private static func figure(_ value: JSONValue?) -> String {
    value?.double.map(short) ?? "–"
  }

  private static func percent(_ value: JSONValue?) -> String {
    value?.double.map(percent) ?? "–"
  }

  private static func percent(_ value: Double) -> String { "\(short(value * 100)) %" }

  private static func title(_ value: JSONValue?) -> String {
    "\(value?["label"]?.string ?? "") (\(percent(value?["prob"])))"
  }
}
