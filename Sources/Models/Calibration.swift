import Digests
import Faults
public import JSON

/// A temperature that was fitted to results of a model version, after the version was registered.
public struct Calibration: Sendable, Hashable {
  /// The schema name that its file must bear.
  public static let schema = "infercam.calibration/1"

  /// Its name: that of its file, and `calibration_version` of results.
  public var version: String
  public var temperature: Double
  /// What it was fitted to: the digests of everything that decides about logits.
  public var model: JSONValue
  /// How it was fitted: items, figures before and after, and the runs.
  public var fit: JSONValue

  public init(version: String, temperature: Double, of model: ModelVersion, fit: JSONValue) {
    self.version = version
    self.temperature = temperature
    self.model = model.logitsIdentity
    self.fit = fit
  }

  /// The calibration in the form of its file.
  public var json: JSONValue {
    var members = contents
    members["digest"] = .string(digest)
    return .object(members)
  }

  private var contents: [String: JSONValue] {
    [
      "schema": .string(Self.schema), "version": .string(version),
      "temperature": .double(temperature), "model": model, "fit": fit,
    ]
  }

  private var digest: String { SHA256.hex(of: JSONValue.object(contents).encoded()) }

  /// - Throws: `Fault` with code `model.invalid`, `model.digest_mismatch` for contents that are not
  ///   those that were written.
  init(json bytes: [UInt8], named name: String) throws(Fault) {
    var fields = JSONFields(try JSONValue(parsing: bytes))
    if let schema = fields.string("schema"), schema != Self.schema {
      fields.report(
        .modelInvalid, "the schema \(schema) is not \(Self.schema): use a newer infercam",
        at: "schema")
    }
    let version = fields.require("version", fields.string("version"))
    let temperature = fields.require("temperature", fields.double("temperature"))
    let model = fields.require("model", fields.value("model"))
    let fit = fields.value("fit") ?? .null
    let written = fields.require("digest", fields.string("digest"))
    fields.refuseUnknown()
    if let temperature, !(temperature > 0) {
      fields.report(.modelInvalid, "temperature must be above 0", at: "temperature")
    }
    if let version, version != name {
      fields.report(.modelInvalid, "the version is \(version), the file is named \(name)")
    }
    let locator = JSONLocator(bytes)
    if let fault = Fault(
      fields.violations.map { $0.located(by: locator) }, code: .modelInvalid)
    {
      throw fault
    }
    guard let version, let temperature, let model, let written else {
      throw Fault(.modelInvalid, "the calibration is incomplete")
    }
    self.version = version
    self.temperature = temperature
    self.model = model
    self.fit = fit
    guard digest == written else {
      throw Fault(
        .modelDigestMismatch,
        "the calibration is not what was written: restore it, or fit another one",
        details: ["expected": .string(written), "found": .string(digest)])
    }
  }
}

extension ModelVersion {
  /// Digests of everything that decides about the logits of an image.
  public var logitsIdentity: JSONValue {
    Self.logitsIdentity(recorded: [
      "sha256": .string(sha256),
      "external_data": .object(externalSHA256.mapValues(JSONValue.string)),
      "labels_sha256": .string(labelsSHA256), "spec": spec.json,
    ])
  }

  /// The same of the model that a run records in its fingerprint.
  /// - Parameter recorded: the model of the fingerprint.
  public static func logitsIdentity(recorded: JSONValue) -> JSONValue {
    func digest(_ part: String) -> JSONValue {
      .string(SHA256.hex(of: (recorded["spec"]?[part] ?? .null).encoded()))
    }
    return [
      "sha256": recorded["sha256"] ?? .null,
      "external_data": recorded["external_data"] ?? .object([:]),
      "labels_sha256": recorded["labels_sha256"] ?? .null,
      "input_sha256": digest("input"), "output_sha256": digest("output"),
    ]
  }
}
