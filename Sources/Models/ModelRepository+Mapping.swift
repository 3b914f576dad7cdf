public import Faults
public import FileAccess
import JSON

extension ModelRepository {
  /// The folder of a model that holds its mapping files.
  static let mappingFolder = "label-mappings"

  /// The mapping between the labels of two versions, from the files `NAME/label-mappings/*.json` of
  /// either model.
  ///
  /// Labels of one version need none: each class is itself. A file for the other direction is
  /// inverted.
  /// - Returns: `nil` when no file relates the two.
  /// - Throws: `Fault` with code `model.invalid` for a file that cannot be read, or that names
  ///   classes which the labels do not have.
  public func labelMapping(
    from source: ModelVersion, to target: ModelVersion
  ) throws(Fault) -> LabelMapping? {
    if source.labels.version == target.labels.version, source.labels == target.labels {
      return LabelMapping(from: source.labels.version, to: target.labels.version)
    }
    return try Self.labelMapping(
      from: source.labels, to: target.labels,
      ofModels: [source, target].map { $0.file.parent.parent })
  }

  /// The mapping between two sets of labels, from the files `label-mappings/*.json` of models' folders.
  /// - Returns: `nil` when no file relates the two.
  /// - Throws: `Fault` with code `model.invalid` as `labelMapping(from:to:)`.
  public static func labelMapping(
    from source: Labels, to target: Labels, ofModels models: [RawPath]
  ) throws(Fault) -> LabelMapping? {
    var folders: [RawPath] = []
    for model in models {
      let folder = model.appending(Self.mappingFolder)
      if !folders.contains(folder) { folders.append(folder) }
    }
    for folder in folders {
      for file in try Self.mappingFiles(in: folder) {
        let mapping = try Self.readMapping(file)
        do throws(Fault) {
          if mapping.from == source.version, mapping.to == target.version {
            try mapping.check(from: source, to: target)
            return mapping
          }
          if mapping.to == source.version, mapping.from == target.version {
            try mapping.check(from: target, to: source)
            return mapping.inverted(over: target)
          }
        } catch {
          throw error.prefixed(file.display)
        }
      }
    }
    return nil
  }

  /// Reads a mapping file.
  /// - Throws: `Fault` with code `model.not_found` or `model.invalid`.
  public static func readMapping(_ path: RawPath) throws(Fault) -> LabelMapping {
    let bytes = try read(path)
    do throws(Fault) {
      return try LabelMapping(json: bytes)
    } catch {
      throw Fault(
        .modelInvalid, "\(path.display): \(error.message)", details: error.details, cause: error)
    }
  }

  /// The mapping files of a model, in the order of their names.
  static func mappingFiles(in folder: RawPath) throws(Fault) -> [RawPath] {
    guard try FileStamp(of: folder)?.kind == .directory else { return [] }
    return try namesInDirectory(folder).map { folder.appending($0) }
      .filter { $0.fileExtension == "json" && !$0.lastComponent.starts(with: ".".utf8) }
  }
}
