import JSON

/// A result as reports read it.
struct ReportItem {
  let json: JSONValue

  var sequence: Int { json["seq"]?.int ?? 0 }
  var id: String { json["id"]?.string ?? "" }
  var hasSucceeded: Bool { json["status"]?.string == "succeeded" }
  var source: String { json["source"]?["path"]?.string ?? json["source"]?["url"]?.string ?? "" }
  var classes: [JSONValue] { json["result"]?["classes"]?.array ?? [] }
  var errorCode: String? { json["error"]?["code"]?.string }
  var errorMessage: String? { json["error"]?["message"]?.string }

  /// The paths of the pictures of its first heatmap.
  var picture: String? {
    let heatmap = json["result"]?["heatmap"]
    let files = heatmap?["files"]?.array ?? heatmap.map { [$0] } ?? []
    return files.compactMap { $0["path"]?.string }.first { $0.hasSuffix(".png") }
  }

  /// The path of the signed map.
  var rawMap: String? { json["result"]?["heatmap"]?["raw"]?["path"]?.string }
}
