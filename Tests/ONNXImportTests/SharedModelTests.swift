import Faults
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

struct SharedModelTests {
  static let models: [String] = {
    guard let folder = SharedFolder.path else { return [] }
    return Files.names(in: folder + "/models").sorted().map {
      "\(folder)/models/\($0)/1/model.onnx"
    }
  }()

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: models)
  func `a real model is read, or its operators are named`(path: String) throws {
    let bytes = try #require(Files.bytes(of: path))
    do throws(Fault) {
      _ = try importModel(bytes: bytes)
    } catch {
      #expect(error.code == .modelUnsupportedOperator)
    }
  }
}
