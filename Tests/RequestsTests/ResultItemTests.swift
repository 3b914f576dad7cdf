import Faults
import JSON
import Requests
import Testing

struct ResultItemTests {
  func item(_ outcome: ResultItem.Outcome) -> ResultItem {
    ResultItem(
      sequence: 3, id: "a.jpg", requestID: "run_x:3", source: ["path": "a.jpg"],
      model: ["model": "m", "model_version": "1"], outcome: outcome, timings: Timings())
  }

  @Test func `a succeeded item has a result and no error`() throws {
    let members = try #require(item(.succeeded(["classes": .array([])])).json.object)
    #expect(members["status"] == "succeeded")
    #expect(members["error"] == nil)
    #expect(members["seq"] == 3)
    #expect(members["schema"] == "infercam.result/1")
    #expect(members["timings_ms"]?["total"] == 0.0)
  }

  @Test func `a failed item has an error and no result`() throws {
    let fault = Fault(.imageTooLarge, "too large", details: ["width": .int(70_000)])
    let members = try #require(item(.failed(fault)).json.object)
    #expect(members["status"] == "failed")
    #expect(members["result"] == nil)
    #expect(
      members["error"]?.encodedText
        == #"{"code":"image.too_large","details":{"width":70000},"message":"too large","#
        + #""status":400,"type":"validation_error"}"#)
  }

  @Test func `what may differ between runs is not in the reproducible part`() {
    let members = item(.succeeded(.null)).reproducible
    #expect(members["request_id"] == nil)
    #expect(members["timings_ms"] == nil)
  }

  @Test func `what came with the input cannot replace what is reported`() {
    var result = item(.succeeded(.null))
    result.echo = ["label": "cat", "model": "forged", "metadata": ["site": "N4"]]
    #expect(result.json["label"] == "cat")
    #expect(result.json["model"] == "m")
    #expect(result.json["metadata"]?["site"] == "N4")
  }

  @Test func `timings are rounded to microseconds`() {
    var timings = Timings()
    timings.decode = 1.23456789
    #expect(timings.json["decode"] == 1.235)
  }

  @Test func `every code survives the way through an error object`() {
    for code in Fault.Code.all {
      let object = Fault(code, "message").errorObject(requestID: "r")
      #expect(object["request_id"] == "r")
      #expect(Fault(errorObject: object)?.code == code)
    }
  }
}
