import Digests
import Faults
public import FileAccess
import Inference
import Requests

/// Where heatmaps go.
public enum HeatmapDestination: Sendable {
  case none
  /// Into the result, in base64.
  case inline
  /// Into files below `folder`, whose paths in results start with `prefix`.
  case files(folder: RawPath, prefix: String, temporary: RawPath, FileStorage)
}

/// How files of heatmaps get their names.
public enum FileStorage: Sendable {
  /// At once; the system flushes them when it likes.
  case immediate
  /// When the item is committed, flushed before.
  case staged(StagingBudget)
  /// When the item is committed, in archives for so many inputs each.
  case packed(itemsPerArchive: Int)
}

/// A file that belongs to a finished item.
struct Artefact: Sendable, Hashable {
  /// Below the run directory.
  var path: String
  var size: Int
  var sha256: String
  /// Where it lies until the run has finished, when it goes into an archive.
  var place: PackPlace?
}

/// The heatmaps of one item as written.
struct WrittenHeatmaps {
  /// For each explanation of the prediction.
  var heatmaps: [[WrittenHeatmap]] = []
  /// The maps of all classes.
  var classMaps: WrittenHeatmap?
  var artefacts: [Artefact] = []
  /// Files that have no name yet.
  var staged: [StagedFile] = []
  /// The contents of the artefacts, where they go into archives.
  var packed: [[UInt8]] = []
}

/// Renders the heatmaps of items and puts them where they go; each worker has its own.
struct HeatmapWriter {
  private let destination: HeatmapDestination
  private let layout: HeatmapLayout
  private let worker: Int
  private var fileNumber = 0
  /// The place of the item that is being written, among all.
  private var sequence = 0

  init(
    _ destination: HeatmapDestination, _ layout: HeatmapLayout, worker: Int
  ) {
    self.destination = destination
    self.layout = layout
    self.worker = worker
  }

  /// Writes every format of every explanation; a class that several targets choose once.
  /// - Throws: the fault of rendering, which concerns the item, as `item`; that of writing, which
  ///   concerns the run, as `run`.
  mutating func write(
    _ prediction: Prediction, of input: PreparedInput, by classifier: Classifier, id: String,
    sequence: Int
  ) throws(ItemFailure) -> WrittenHeatmaps {
    self.sequence = sequence
    var written = WrittenHeatmaps()
    let options = classifier.request.gradCAM
    if !options.enabled { return written }
    if prediction.classMaps != nil {
      written.classMaps = try write(.raw, stem: layout.stem(id: id), &written) {
        () throws(Fault) in try classifier.renderClassMaps(prediction)
      }
    }
    let namesClass = options.explainsSeveral
    let formats = options.formats + (prediction.classMaps == nil ? [.raw] : [])
    var known: [Int: [WrittenHeatmap]] = [:]
    for (index, explanation) in prediction.explanations.enumerated() {
      if known[explanation.classIndex] == nil {
        let stem =
          namesClass
          ? layout.stem(id: id, classID: explanation.classID) : layout.stem(id: id)
        var heatmaps: [WrittenHeatmap] = []
        for format in formats {
          let heatmap = try write(format, stem: stem, &written) { () throws(Fault) in
            try classifier.render(prediction, explanation: index, of: input, as: format)
          }
          if let heatmap { heatmaps.append(heatmap) }
        }
        known[explanation.classIndex] = heatmaps
      }
      written.heatmaps.append(known[explanation.classIndex] ?? [])
    }
    return written
  }

  /// Renders one file and puts it where it goes.
  private mutating func write(
    _ format: HeatmapFormat, stem: String, _ written: inout WrittenHeatmaps,
    render: () throws(Fault) -> [UInt8]
  ) throws(ItemFailure) -> WrittenHeatmap? {
    let bytes: [UInt8]
    do throws(Fault) {
      bytes = try render()
    } catch {
      throw .item(error)
    }
    let sha256 = SHA256.hex(of: bytes)
    guard let place = try put(bytes, name: stem + format.fileSuffix, &written)
    else { return nil }
    if case .file(let path) = place {
      written.artefacts.append(Artefact(path: path, size: bytes.count, sha256: sha256))
    }
    return WrittenHeatmap(format: format, sha256: sha256, place: place)
  }

  /// Puts a heatmap where it goes.
  private mutating func put(
    _ bytes: [UInt8], name: String, _ written: inout WrittenHeatmaps
  ) throws(ItemFailure) -> WrittenHeatmap.Place? {
    switch destination {
    case .none: return nil
    case .inline: return .inline(base64: base64(bytes))
    case .files(_, _, _, .packed(let itemsPerArchive)):
      written.packed.append(bytes)
      return .file(path: HeatmapLayout.archiveName(sequence / itemsPerArchive) + "#" + name)
    case .files(let folder, let prefix, let temporary, let storage):
      do throws(Fault) {
        fileNumber += 1
        let part = temporary.appending("worker-\(worker)-\(fileNumber)")
        let path = folder.appending(name)
        if let file = try store(bytes, at: path, part, storage) {
          written.staged.append(file)
        }
      } catch {
        // Too many open files are the item's bad luck; whatever else fails would fail again.
        throw error.code == .resourceExhausted ? .item(error) : .run(error)
      }
      return .file(path: prefix + name)
    }
  }

  /// Writes a file; returns it when it has no name yet.
  private func store(
    _ bytes: [UInt8], at path: RawPath, _ part: RawPath, _ storage: FileStorage
  ) throws(Fault) -> StagedFile? {
    var isDurable = false
    if case .staged(let budget) = storage {
      if let file = try StagedFile(bytes, at: path, temporary: part, budget) { return file }
      isDurable = true
    }
    try replaceFileCreatingFolders(path, with: bytes, temporary: part, durable: isDurable)
    return nil
  }
}

/// Why an item has no result.
enum ItemFailure: Error {
  /// The item alone is concerned.
  case item(Fault)
  /// Nothing more can be stored.
  case run(Fault)
}

extension HeatmapFormat {
  var fileSuffix: String {
    switch self {
    case .png: ".png"
    case .npy: ".npy"
    case .raw: ".raw.npy"
    }
  }
}
