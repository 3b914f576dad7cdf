import Faults
import FileAccess
import Options
import Runs

extension Flag where Arguments == Commands.Arguments {
  static let store = Self(
    "store", value: "DIR", .input, "where stored objects are",
    default: "infercam/store in the XDG data folder"
  ) { value, arguments throws(Fault) in
    arguments.store = RawPath(bytes: try value.nonEmptyBytes())
  }

  /// Where inputs come from.
  static let inputs: [Self] = [
    Self(
      "manifest", value: "FILE", .input, "read inputs from a .jsonl, .json, .csv or .tsv file"
    ) { $1.selection.manifest = RawPath(bytes: $0.rawBytes) },
    Self(
      "files-from", value: "FILE", .input, "read paths from a file, one per line; - is stdin"
    ) { $1.selection.filesFrom = RawPath(bytes: $0.rawBytes) },
    Self(
      "files0-from", value: "FILE", .input, "read paths that end in NUL from a file; - is stdin"
    ) { $1.selection.files0From = RawPath(bytes: $0.rawBytes) },
    Self(
      "include", value: "GLOB", repeatable: true, .input,
      "in folders, take what matches; repeatable", default: "names of image files"
    ) { $1.selection.include.append(Glob($0.rawBytes)) },
    Self(
      "exclude", value: "GLOB", repeatable: true, .input,
      "in folders, leave out what matches; repeatable"
    ) { $1.selection.exclude.append(Glob($0.rawBytes)) },
    Self(
      "recursive", negation: "no-recursive", .input, "descend into folders", default: "on"
    ) { $1.selection.isRecursive = $0.isOn },
    Self("hidden", .input, "in folders, take names that start with a dot") {
      $1.selection.includesHidden = $0.isOn
    },
    Self("follow", .input, "in folders, follow symbolic links to files") {
      $1.selection.followsSymbolicLinks = $0.isOn
    },
    Self(
      "base-dir", value: "DIR", .input,
      "read only files below DIR, from where paths start; no links, no way out"
    ) { value, arguments throws(Fault) in
      arguments.baseFolder = RawPath(bytes: try value.nonEmptyBytes())
    },
    store,
    Self(
      "scan-cmd", value: "CMD", .input,
      "a shell command that gets each item on its standard input; unless it exits 0, the item fails"
    ) { value, arguments throws(Fault) in arguments.scanCommand = try value.nonEmptyBytes() },
    Self("scan-timeout", value: "S", .input, "the longest one scan may take", default: "60") {
      value, arguments throws(Fault) in
      arguments.scanSeconds = try value.double(in: 0.1...86_400)
    },
    Self("lenient", .input, "ignore unknown fields of a manifest") {
      $1.selection.isLenient = $0.isOn
    },
  ]
}
