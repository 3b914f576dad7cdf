import JSON
import Runs
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// Shows progress on stderr: a bar that redraws itself, plain lines now and then, or JSON lines.
struct ProgressDisplay {
  private let mode: ProgressMode
  private let console: Console
  private var lastShown: Stopwatch?
  private var hasBar = false

  init(_ arguments: Arguments, _ console: Console) {
    self.console = console
    if arguments.isQuiet {
      mode = .none
    } else if arguments.progress == .auto {
      mode = console.isErrorTerminal ? .bar : .plain
    } else {
      mode = arguments.progress
    }
  }

  /// Shows the progress unless it was shown a moment ago.
  mutating func show(_ progress: RunProgress) {
    let interval = mode == .bar ? 0.1 : 5.0
    // The first look comes with the start and says nothing yet.
    guard let last = lastShown else {
      lastShown = Stopwatch()
      return
    }
    guard last.seconds >= interval else { return }
    lastShown = Stopwatch()
    switch mode {
    case .bar:
      console.noteBytes(Array(("\r\u{1B}[K" + bar(progress)).utf8))
      hasBar = true
    case .plain: console.note(line(progress))
    case .json: console.note(json(progress).encodedText)
    case .auto, .none: break
    }
  }

  /// Removes the bar.
  mutating func finish() {
    if hasBar { console.noteBytes(Array("\r\u{1B}[K".utf8)) }
    hasBar = false
  }

  private func bar(_ progress: RunProgress) -> String {
    let text = " " + line(progress)
    let room = min(30, max(0, console.width(of: STDERR_FILENO) - text.count - 3))
    let filled = progress.items == 0 ? 0 : room * progress.done / progress.items
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: "-", count: room - filled) + "]" + text
  }

  private func line(_ progress: RunProgress) -> String {
    let rate = Self.rate(progress)
    let left = rate > 0 ? duration(Double(progress.items - progress.done) / rate) : "–"
    let failed = progress.failed > 0 ? ", \(progress.failed) failed" : ""
    return "\(progress.done)/\(progress.items)\(failed), \(decimal(rate, 1)) img/s, \(left) left"
  }

  private func json(_ progress: RunProgress) -> JSONValue {
    [
      "progress": [
        "items": JSONValue(progress.items), "done": JSONValue(progress.done),
        "failed": JSONValue(progress.failed),
        "images_per_s": .double((Self.rate(progress) * 10).rounded() / 10),
      ]
    ]
  }

  private static func rate(_ progress: RunProgress) -> Double {
    progress.seconds > 0 ? Double(progress.doneNow) / progress.seconds : 0
  }
}
