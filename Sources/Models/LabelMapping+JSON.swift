public import Faults
public import JSON

extension LabelMapping {
  /// The schema name that a mapping file must bear.
  public static let schema = "infercam.label_mapping/1"

  /// The mapping in the form of its file.
  public var json: JSONValue {
    [
      "schema": .string(Self.schema), "from": .string(from), "to": .string(to),
      "classes": .object(
        counterparts.mapValues { ids in
          switch ids.count {
          case 0: .null
          case 1: .string(ids[0])
          default: .array(ids.map(JSONValue.string))
          }
        }),
    ]
  }

  /// Reads a mapping file: `{"schema","from","to","classes":{"ID":"ID" | ["ID",…] | null}}`.
  ///
  /// - Throws: `Fault` with code `json.malformed` or `model.invalid`.
  public init(json bytes: [UInt8]) throws(Fault) {
    var fields = JSONFields(try JSONValue(parsing: bytes))
    let schema = fields.require("schema", fields.string("schema"))
    if let schema, schema != Self.schema {
      fields.report(
        .modelInvalid, "the schema \(schema) is not \(Self.schema): use a newer infercam",
        at: "schema")
    }
    let from = fields.require("from", fields.string("from"))
    let to = fields.require("to", fields.string("to"))
    var counterparts: [String: [String]] = [:]
    for (id, value) in fields.value("classes")?.object ?? [:] {
      if let ids = Self.ids(value) {
        counterparts[id] = ids
      } else {
        fields.report(
          .modelInvalid, "the class \(id) must map to an id, a list of ids, or null", at: "classes")
      }
    }
    if fields.value("classes").map({ $0.object == nil }) ?? false {
      fields.report(.modelInvalid, "classes must map ids to ids", at: "classes")
    }
    fields.refuseUnknown()
    let locator = JSONLocator(bytes)
    if let fault = Fault(fields.violations.map { $0.located(by: locator) }, code: .modelInvalid) {
      throw fault
    }
    self.init(from: from ?? "", to: to ?? "", counterparts: counterparts)
  }

  /// - Throws: `Fault` with code `model.invalid` when it names a class that the labels do not have, or
  ///   is not for these versions.
  public func check(from source: Labels, to target: Labels) throws(Fault) {
    guard source.version == from, target.version == to else {
      throw Fault(
        .modelInvalid,
        "the mapping relates labels \(from) and \(to), not \(source.version) and \(target.version)")
    }
    for (labels, ids) in [
      (source, Array(counterparts.keys)), (target, counterparts.flatMap(\.value)),
    ] {
      let known = labels.indicesByID
      guard let stranger = ids.filter({ known[$0] == nil }).min() else { continue }
      throw Fault(
        .modelInvalid,
        "the mapping from \(from) to \(to) names the class \(stranger), which labels "
          + "\(labels.version) do not have",
        details: ["class": .string(stranger), "labels_version": .string(labels.version)])
    }
  }

  private static func ids(_ value: JSONValue) -> [String]? {
    if value.isNull { return [] }
    if let id = value.string { return [id] }
    guard let array = value.array else { return nil }
    let ids = array.compactMap(\.string)
    return ids.count == array.count && Set(ids).count == ids.count ? ids : nil
  }
}
