import CPlatform
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

  /// Shows the progress unless it was shown a moment ago; as JSON, after every commit, and in any mode
  /// when SIGUSR1 has asked for it.
  mutating func show(_ progress: RunProgress) {
    if ic_take_status_request() != 0 {
      finish()
      console.note(mode == .json ? json(progress).encodedText : line(progress))
    }
    let interval =
      switch mode {
      case .bar: 0.1
      case .json: 0.0
      case .auto, .plain, .none: 5.0
      }
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
    let filled =
      progress.counts.items == 0 ? 0 : room * progress.counts.done / progress.counts.items
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: "-", count: room - filled) + "]" + text
  }

  private func line(_ progress: RunProgress) -> String {
    let rate = Self.rate(progress)
    let left =
      rate > 0 ? duration(Double(progress.counts.items - progress.counts.done) / rate) : "–"
    let failed = progress.counts.failed > 0 ? ", \(progress.counts.failed) failed" : ""
    return
      "\(progress.counts.done)/\(progress.counts.items)\(failed), \(decimal(rate, 1)) img/s, \(left) left"
  }

  private func json(_ progress: RunProgress) -> JSONValue {
    [
      "progress": [
        "items": JSONValue(progress.counts.items), "done": JSONValue(progress.counts.done),
        "failed": JSONValue(progress.counts.failed),
        "images_per_s": .double((Self.rate(progress) * 10).rounded() / 10),
      ]
    ]
  }

  private static func rate(_ progress: RunProgress) -> Double {
    progress.seconds > 0 ? Double(progress.doneNow) / progress.seconds : 0
  }
}
