import InfercamTestSupport
import Testing

@testable import ONNXImport

#if canImport(Glibc)
import Glibc
#endif

struct OperatorTableTests {
  @Test func `every operator of the table has one probe`() {
    #expect(operatorProbes.map(\.name).sorted() == operatorTable.keys.sorted())
  }

  @Test func `docs/operators.md says what the operators do`() throws {
    let path = Self.checkout + "/docs/operators.md"
    let written = try Self.page()
    if getenv("INFERCAM_UPDATE_DOCS") != nil {
      let file = try #require(fopen(path, "w"))
      defer { fclose(file) }
      #expect(fputs(written, file) >= 0)
    }
    let stored = try #require(Files.bytes(of: path), "docs/operators.md is missing")
    #expect(String(decoding: stored, as: UTF8.self) == written, "run `make docs-operators`")
  }

  @Test func `an operator without a gradient rule says so before it is asked`() throws {
    var checked = 0
    for probe in operatorProbes {
      guard let rule = try probe.rule() else { continue }
      #expect(rule.isAnnounced != rule.isRefused, "\(probe.name)")
      checked += 1
    }
    #expect(checked > 90)
  }

  private static func page() throws -> String {
    let rows = try operatorProbes.sorted { $0.name < $1.name }.map { try $0.row() }
    return introduction(count: rows.count) + rows.joined(separator: "\n") + "\n"
  }

  private static func introduction(count: Int) -> String {
    """
    # Operators

    The \(count) ONNX operators that can be imported, domain `ai.onnx`, and some of
    ONNX Runtime's domain `com.microsoft`. Written by
    `make docs-operators`, which runs each operator with each element type; a test compares.

    - **forward**: `view` shares the elements of its input.
    - **backward**: for floating-point data. `yes` has the exact gradient by every input of the
      listed types, or by the inputs named (counted from 0); `zero` is constant almost everywhere; `no`
      cannot lie between the explained layer and the scores (`explain.not_supported`);
      `straight-through` takes rounding as the identity and is zero where a value was clamped.
    - **element types**: of the data; `-` where the elements of the inputs are not data.
      Parameters (weights, scales) have the type of the data unless ONNX says otherwise.
    - float16 models run in float32. Other element types (bfloat16, float8, int4, strings) and
      the control flow, sequence, recurrent and training operators are refused when a model is loaded,
      all operators named at once (`model.unsupported_operator`).

    | operator | forward | backward | element types | notes |
    |---|---|---|---|---|

    """
  }

  private static let checkout: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(4)
    return parts.joined(separator: "/")
  }()
}
