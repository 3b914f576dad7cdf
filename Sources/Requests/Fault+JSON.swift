public import Faults
public import JSON

extension Fault {
  /// The error object of the contract: `type`, `code`, `message`, `status`, `details`, `request_id`.
  public func errorObject(requestID: String?) -> JSONValue {
    var members: [String: JSONValue] = [
      "type": .string(kind.rawValue), "code": .string(code.rawValue), "message": .string(message),
      "status": JSONValue(kind.httpStatus),
    ]
    if !details.isEmpty { members["details"] = .object(details.mapValues(JSONValue.init)) }
    if let requestID { members["request_id"] = .string(requestID) }
    return .object(members)
  }

  /// The fault that an error object describes; `nil` when its code is unknown.
  public init?(errorObject value: JSONValue) {
    guard let name = value["code"]?.string, let message = value["message"]?.string,
      let code = Code.all.first(where: { $0.rawValue == name })
    else { return nil }
    self.init(code, message)
  }
}

extension JSONValue {
  public init(_ detail: Fault.Detail) {
    switch detail {
    case .string(let value): self = .string(value)
    case .int(let value): self = JSONValue(value)
    case .double(let value): self = .double(value)
    case .bool(let value): self = .bool(value)
    case .array(let values): self = .array(values.map(JSONValue.init))
    case .object(let members): self = .object(members.mapValues(JSONValue.init))
    }
  }
}
