import Options

#if canImport(Glibc)
import Glibc
#endif

/// When stderr gets colours.
enum ColorMode: String, Sendable, CaseIterable {
  /// On a terminal that is not dumb, unless `NO_COLOR` is set.
  case auto
  case always
  case never
}

/// The colours of what is told to people on stderr; data on stdout has none.
struct Style: Sendable {
  let isColored: Bool

  init(_ mode: ColorMode, _ environment: Environment, isTerminal: Bool = isatty(STDERR_FILENO) == 1)
  {
    switch mode {
    case .always: isColored = true
    case .never: isColored = false
    case .auto:
      let isDumb = environment["TERM"].map { $0 == Array("dumb".utf8) } ?? true
      isColored = isTerminal && !isDumb && environment["NO_COLOR"] == nil
    }
  }

  func error(_ text: String) -> String { colored(text, "1;31") }

  func warning(_ text: String) -> String { colored(text, "33") }

  func faint(_ text: String) -> String { colored(text, "2") }

  private func colored(_ text: String, _ code: String) -> String {
    isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
