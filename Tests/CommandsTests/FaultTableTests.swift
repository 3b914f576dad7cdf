import Faults
import FileAccess
import InfercamTestSupport
import Testing

@testable import Commands

struct FaultTableTests {
  /// Codes that end the program with status 70 unless something is amiss: those of the service.
  static let serviceKinds: Set<Fault.Kind> = [
    .authError, .authorizationError, .rateLimited, .upstreamError, .serviceUnavailable,
    .gatewayTimeout, .gone, .limitExceeded, .mediaTypeUnsupported,
  ]

  @Test(arguments: [
    (Fault.Code.paramOutOfRange, Int32(2)), (.paramUnknown, 2), (.paramMissing, 2),
    (.layerNotFound, 2), (.manifestDuplicateId, 3), (.manifestInvalid, 3), (.jsonMalformed, 3),
    (.inputNotFound, 3), (.modelNotFound, 4), (.modelInvalid, 4), (.modelUnsupportedOperator, 4),
    (.modelDigestMismatch, 4), (.modelExternalData, 4), (.explainNotSupported, 4),
    (.resourceVersionConflict, 5), (.storageNoSpace, 6), (.storageIOError, 6), (.runCorrupt, 7),
    (.jobCanceled, 5), (.runLocked, 75), (.internalError, 70),
  ])
  func `a fault ends the program with the status of the contract`(
    code: Fault.Code, status: Int32
  ) {
    #expect(ExitStatus.of(Fault(code, "")) == status)
  }

  @Test func `the table of error codes in the documentation is complete and right`() throws {
    let page = try readRegularFile(checkoutFolder.appending("docs/errors.md"), limit: 1 << 20)
    let rows = String(decoding: page.bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("| `") }
      .map { $0.split(separator: "|").map { $0.trimmed } }
    let documented = rows.map { "\($0[0]) \($0[1]) \($0[2])" }
    let expected = Fault.Code.all.map {
      "`\($0.rawValue)` \($0.kind.rawValue) \($0.kind.httpStatus)"
    }
    #expect(Set(documented).symmetricDifference(expected).sorted() == [])
    #expect(documented.count == expected.count)
    for row in rows { #expect(row.count == 5 && !row[4].isEmpty, "\(row)") }
  }

  /// The cells of the rows of a table of docs/errors.md.
  private func rows(startingWith prefix: String) throws -> [[String]] {
    let page = try readRegularFile(checkoutFolder.appending("docs/errors.md"), limit: 1 << 20)
    return String(decoding: page.bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix(prefix) }
      .map { $0.split(separator: "|").map { $0.trimmed } }
  }

  @Test func `the exit statuses in the documentation are those of the program`() throws {
    for cells in try rows(startingWith: "| `") {
      let code = try #require(Fault.Code.all.first { "`\($0.rawValue)`" == cells[0] })
      #expect(ExitStatus.of(code).map { "\($0)" } ?? "–" == cells[3], "\(code.rawValue)")
    }
  }

  @Test func `the program and the documentation say the same of each code`() throws {
    for cells in try rows(startingWith: "| `") {
      let code = try #require(Fault.Code.all.first { "`\($0.rawValue)`" == cells[0] })
      #expect(code.meaning == cells[4], "\(code.rawValue)")
    }
  }

  @Test func `the program and the documentation list the same exit statuses`() throws {
    let page = try rows(startingWith: "| ").filter { Int32($0[0]) != nil }
    #expect(page == ExitStatus.all.map { ["\($0.status)", $0.meaning] })
    let used = Fault.Code.all.compactMap(ExitStatus.of)
    #expect(Set(used).isSubset(of: ExitStatus.all.map(\.status)))
  }
}

extension Substring {
  var trimmed: String {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
