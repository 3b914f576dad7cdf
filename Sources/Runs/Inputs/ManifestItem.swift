import Digests
import Faults
import FileAccess
import JSON
import Requests
import Transfers

/// Where a manifest says that an image is.
enum ImageReference {
  case file(RawPath, id: String)
  case url(WebURL)
  case object(StorageID)
  case bytes(EmbeddedText)
}

extension InputCollector {
  /// Reads `image`: exactly one of `path`, `url`, `bytes` and `storage_id`.
  func imageReference(
    _ fields: inout JSONFields, _ element: ManifestElement
  ) -> (ImageReference, contentMD5: String?)? {
    let isLenient = selection.isLenient
    let found = fields.object("image") { image -> (ImageReference, contentMD5: String?)? in
      let kinds = ["path", "url", "bytes", "storage_id"]
      let given = kinds.filter { image.value($0) != nil }
      let contentMD5 = contentMD5(&image)
      var reference: ImageReference?
      if given.count > 1 {
        image.report(
          .paramOutOfRange, "\(given.joined(separator: " and ")) exclude each other: give one",
          at: given[1])
      } else {
        reference = self.reference(&image, given.first, element)
      }
      if !isLenient { image.refuseUnknown() }
      return reference.map { ($0, contentMD5) }
    }
    return fields.require("image", found) ?? nil
  }

  private func reference(
    _ image: inout JSONFields, _ kind: String?, _ element: ManifestElement
  ) -> ImageReference? {
    switch kind {
    case "url":
      guard let text = image.string("url") else { return nil }
      do throws(Fault) {
        return .url(try selection.url(RawPath(text)))
      } catch {
        image.report(error.code, error.message, at: "url")
        return nil
      }
    case "storage_id":
      guard let text = image.string("storage_id") else { return nil }
      if let id = StorageID(text) { return .object(id) }
      image.report(
        .paramOutOfRange, "storage_id must be sha256: and 64 hexadecimal digits", at: "storage_id")
      return nil
    case "bytes":
      return image.string("bytes").map { .bytes(embeddedText($0, element)) }
    default:
      guard let path = image.require("path", image.string("path")) else { return nil }
      if path.isEmpty || path.utf8.contains(0) {
        image.report(.manifestInvalid, "path must be a path", at: "path")
      }
      return .file(element.base.relative(RawPath(path)), id: path)
    }
  }

  private func contentMD5(_ image: inout JSONFields) -> String? {
    guard let text = image.string("content_md5") else { return nil }
    if bytes(base64: text)?.count == 16 { return text }
    image.report(
      .paramOutOfRange, "content_md5 must be 16 bytes in base64", at: "content_md5")
    return nil
  }

  /// Reads everything but `image`, also where that is missing, so that all mistakes are reported.
  func item(
    _ fields: inout JSONFields, _ image: (ImageReference, contentMD5: String?)?
  ) -> InputItem? {
    let id = fields.string("id")
    if id?.isEmpty == true {
      fields.report(.paramOutOfRange, "id must not be empty", at: "id")
    }
    var item =
      image.map { self.item($0, id, &fields) }
      ?? InputItem(
        sequence: builder.nextSequence, path: RawPath(bytes: []))
    if let digest = fields.string("sha256") {
      item.sha256 = StorageID(sha256: digest)?.sha256
      if item.sha256 == nil {
        fields.report(.paramOutOfRange, "sha256 must be 64 hexadecimal digits", at: "sha256")
      }
    }
    if let label = fields.string("label") { item.echo["label"] = .string(label) }
    item.echo["metadata"] = metadata(&fields)
    item.options = ItemOptions(reading: &fields, isLenient: selection.isLenient)
    return image == nil ? nil : item
  }

  private func item(
    _ image: (ImageReference, contentMD5: String?), _ id: String?, _ fields: inout JSONFields
  ) -> InputItem {
    let sequence = builder.nextSequence
    var item: InputItem
    switch image.0 {
    case .file(let path, let name):
      item = InputItem(sequence: sequence, id: id ?? name, path: path)
    case .url(let url): item = InputItem(sequence: sequence, id: id, url: url)
    case .object(let object): item = InputItem(sequence: sequence, id: id, storageID: object)
    case .bytes(let text):
      if id == nil {
        fields.report(.paramMissing, "id is missing: an image by bytes has no other name", at: "id")
      }
      item = InputItem(sequence: sequence, id: id ?? "", embedded: text)
    }
    item.contentMD5 = image.contentMD5
    return item
  }

  /// The object that callers attach and get back.
  func metadata(_ fields: inout JSONFields) -> JSONValue? {
    guard let metadata = fields.value("metadata") else { return nil }
    if metadata.object == nil {
      fields.report(.paramOutOfRange, "metadata must be an object", at: "metadata")
    }
    return metadata
  }
}
