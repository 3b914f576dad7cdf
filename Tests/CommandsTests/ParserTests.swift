import Faults
import Options
import Testing

struct ParserTests {
  struct Typed {
    var size = 1
    var name = "none"
    var isLoud = false
    var files: [String] = []
  }

  static let flags: [Flag<Typed>] = [
    Flag("size", short: "s", value: "N", .run, "a size", default: "1") {
      value, typed throws(Fault) in typed.size = try value.int(in: 1...10)
    },
    Flag("name", value: "TEXT", .run, "a name") {
      value, typed throws(Fault) in typed.name = try value.text()
    },
    Flag("loud", short: "l", negation: "no-loud", .run, "loud") { $1.isLoud = $0.isOn },
    Flag("file", short: "f", value: "FILE", repeatable: true, .run, "a file") {
      value, typed throws(Fault) in typed.files.append(try value.text())
    },
  ]

  func parse(_ words: [String]) throws(Fault) -> (typed: Typed, line: ParsedLine) {
    var typed = Typed()
    var parser = Parser(Self.flags)
    let line = try parser.parse(words.map { Array($0.utf8) }, into: &typed)
    return (typed, line)
  }

  @Test(arguments: [
    ([], 1), (["--size", "3"], 3), (["--size=4"], 4), (["-s5"], 5), (["-s", "6"], 6), (["-s=7"], 7),
    (["--size", "3", "-s8"], 8), (["-ls9"], 9),
  ])
  func `a value can be written in every way, the last one wins`(words: [String], size: Int) throws {
    #expect(try parse(words).typed.size == size)
  }

  @Test(arguments: [
    ([], false), (["--loud"], true), (["-l"], true), (["--loud", "--no-loud"], false),
    (["--no-loud", "-l"], true),
  ])
  func `a switch can be taken back`(words: [String], isLoud: Bool) throws {
    #expect(try parse(words).typed.isLoud == isLoud)
  }

  @Test func `a repeatable flag keeps every value`() throws {
    #expect(try parse(["-fa", "--file", "b", "--file=c"]).typed.files == ["a", "b", "c"])
  }

  @Test func `two dashes end the flags and one dash is a word`() throws {
    let line = try parse(["a", "-", "--loud", "--", "--size", "-x"]).line
    #expect(
      line.positionals.map { String(decoding: $0, as: UTF8.self) } == ["a", "-", "--size", "-x"])
  }

  @Test func `words that are not UTF-8 are kept`() throws {
    var typed = Typed()
    var parser = Parser(Self.flags)
    let line = try parser.parse([[0xFF, 0x61]], into: &typed)
    #expect(line.positionals == [[0xFF, 0x61]])
  }

  @Test(arguments: [
    (["--sise", "3"], "did you mean --size?"), (["--lout"], "did you mean --loud?"),
    (["--zzzzzzzz"], "see --help"), (["-z"], "there is no flag -z"),
    (["--no-size"], "there is no flag --no-size"),
  ])
  func `an unknown flag gets a suggestion`(words: [String], expected: String) {
    let fault = #expect(throws: Fault.self) { try parse(words) }
    #expect(fault?.code == .paramUnknown)
    #expect(fault?.message.contains(expected) == true)
  }

  @Test(arguments: [
    (["--size", "0"], Fault.Code.paramOutOfRange, "--size must be 1 to 10, not 0"),
    (["--size", "x"], .paramOutOfRange, "--size must be a whole number, not x"),
    (["--size"], .paramMissing, "--size needs a value: --size N"),
    (["-s"], .paramMissing, "-s needs a value: -s N"),
    (["--loud=1"], .paramOutOfRange, "--loud takes no value"),
  ])
  func `a wrong value names its flag`(words: [String], code: Fault.Code, message: String) {
    let fault = #expect(throws: Fault.self) { try parse(words) }
    #expect(fault?.code == code)
    #expect(fault?.message == message)
  }

  @Test func `all mistakes are told at once`() {
    let fault = #expect(throws: Fault.self) { try parse(["--size", "0", "--nam", "x", "-q"]) }
    guard case .array(let violations)? = fault?.details["violations"] else {
      Issue.record("no violations")
      return
    }
    #expect(violations.count == 3)
    #expect(fault?.message == "--size must be 1 to 10, not 0 (and 2 more)")
  }

  @Test func `help wins over mistakes`() throws {
    #expect(try parse(["--size", "0", "--help"]).line.wantsHelp)
    #expect(try parse(["-lh"]).line.wantsHelp)
  }

  @Test func `the origin of each value is known`() throws {
    let line = try parse(["-s2"]).line
    #expect(line.origins == ["size": .commandLine])
  }

  @Test(arguments: [
    ("overlya", "overlay"), ("batc", "batch"), ("work", "workers"), ("hetmap", "heatmap"),
  ])
  func `the nearest word is found`(typed: String, meant: String) {
    let words = ["batch", "workers", "heatmap", "overlay", "output"]
    #expect(nearest(to: typed, among: words) == meant)
  }

  @Test func `far words are not suggested`() {
    #expect(nearest(to: "xyz", among: ["batch", "workers"]) == nil)
  }
}
