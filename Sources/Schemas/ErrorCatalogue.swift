public import Faults
public import JSON

/// Every error code with what it means, for clients that want to know them all.
public enum ErrorCatalogue {
  /// - Parameter more: what an edge adds to a code, such as its exit status.
  public static func json(adding more: (Fault.Code) -> [String: JSONValue]) -> JSONValue {
    [
      "errors": .array(
        Fault.Code.all.map { code in
          let members: [String: JSONValue] = [
            "code": .string(code.rawValue), "type": .string(code.kind.rawValue),
            "status": JSONValue(code.kind.httpStatus), "meaning": .string(code.meaning),
          ]
          return .object(members.merging(more(code)) { mine, _ in mine })
        })
    ]
  }
}
