import Faults
import FileAccess
import Graphs
import ONNXImport
import Runs
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// Reads a model, infers its shapes and folds its constants.
func readModel(_ bytes: UnsafeRawBufferPointer) {
  var limits = GraphLimits()
  limits.tensorBytes = 1 << 22
  limits.totalBytes = 1 << 24
  limits.foldedBytes = 1 << 22
  do throws(Fault) {
    _ = try externalFileNames(bytes)
    _ = try importModel(bytes: Array(bytes)).graph.specialized(limits: limits).optimized()
  } catch {
    precondition(!error.message.isEmpty)
  }
}

/// Reads a manifest from a file, because manifests are files.
func readManifest(_ bytes: UnsafeRawBufferPointer, ending: String) {
  let path = "/dev/shm/infercam-fuzz-\(getpid()).\(ending)"
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  precondition(file >= 0, "\(path) cannot be written")
  var rest = bytes
  while let start = rest.baseAddress, !rest.isEmpty {
    let written = write(file, start, rest.count)
    precondition(written > 0, "\(path) cannot be written")
    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
  }
  close(file)
  defer { unlink(path) }
  for isLenient in [false, true] {
    var selection = InputSelection()
    selection.manifest = RawPath(path)
    selection.isLenient = isLenient
    do throws(Fault) {
      let list = try collectInputs(selection).list
      precondition(!list.isEmpty)
    } catch {
      precondition(!error.message.isEmpty)
    }
  }
}

/// Reads an array, which must come out again as it went in.
func readArray(_ bytes: UnsafeRawBufferPointer) {
  guard let tensor = try? NPY.decode(bytes) else { return }
  let encoded = NPY.encode(tensor)
  let again = encoded.withUnsafeBytes { try? NPY.decode($0) }
  precondition(again?.shape == tensor.shape && again?.dtype == tensor.dtype)
}
