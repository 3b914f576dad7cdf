import Faults
import FileAccess
import Options
import Requests
import Runs

extension Flag where Arguments == Commands.Arguments {
  static let output = Self("output", short: "o", value: "DIR", .run, "the run directory") {
    value, arguments throws(Fault) in
    _ = try value.nonEmptyBytes()
    arguments.output = RawPath(bytes: value.rawBytes)
  }

  static let heatmapFolder = Self(
    "output", short: "o", value: "DIR", .output, "write heatmaps here instead of into the results"
  ) { value, arguments throws(Fault) in
    _ = try value.nonEmptyBytes()
    arguments.output = RawPath(bytes: value.rawBytes)
  }

  /// How the work is spread.
  static let work: [Self] = [
    Self("workers", short: "j", value: "N", .run, "threads that work", default: "all processors") {
      value, arguments throws(Fault) in
      arguments.workers = try value.int(in: JobLimits.workersRange)
    },
    Self("batch", value: "N", .run, "images that go through the network together", default: "8") {
      value, arguments throws(Fault) in arguments.batch = try value.int(in: JobLimits.batchRange)
    },
  ]

  static let failOn = Self(
    "fail-on", value: "any|all|never|N|P%", .run,
    "exit 1 when any, all, more than N or more than P% of the items failed", default: "any"
  ) { value, arguments throws(Fault) in
    guard let failOn = FailOn(try value.text()) else {
      throw Fault(.paramOutOfRange, "must be any, all, never, a number or a percentage like 1%")
    }
    arguments.failOn = failOn
  }

  /// How a run begins, goes on and ends.
  static let run: [Self] = [
    failOn,
    Self("max-failures", value: "N", .run, "stop after N failed items, exit 5") {
      value, arguments throws(Fault) in
      arguments.maxFailures = try value.int(in: JobLimits.maxFailuresRange)
    },
    Self("save-logits", .run, "keep the logits of all items as one array, logits.npy") {
      $1.savesLogits = $0.isOn
    },
    Self("overwrite", .run, "replace the run that is in the directory") {
      $1.overwrites = $0.isOn
    },
    Self("resume", .run, "go on with a run that `runs cancel` has stopped") {
      $1.resumes = $0.isOn
    },
    Self("retry-failed", .run, "compute failed items again") { $1.retriesFailed = $0.isOn },
    Self(
      "code", value: "GLOB", .run,
      "with --retry-failed, only those whose code matches, like image.*"
    ) { value, arguments throws(Fault) in
      arguments.retriedCodes = Glob(try value.nonEmptyBytes())
    },
    Self(
      "shard", value: "I/N|auto", .run,
      "work on part I of N, from 0, beside other processes; auto asks the job scheduler"
    ) { value, arguments throws(Fault) in
      let text = try value.text()
      if text == "auto" {
        arguments.shard = .scheduled
      } else if let shard = Shard(text) {
        arguments.shard = .given(shard)
      } else {
        throw Fault(.paramOutOfRange, "must be auto, or I/N with 0 ≤ I < N ≤ 65536")
      }
    },
    Self("extend", .run, "add inputs to the run that are not in it yet") {
      $1.extends = $0.isOn
    },
    Self("run-key", value: "KEY", .run, "your own name for the run; another one is refused") {
      value, arguments throws(Fault) in
      let key = try value.nonEmptyText()
      guard JobLimits.runKeyRange.contains(key.utf8.count) else {
        throw Fault(
          .paramOutOfRange,
          "must not be longer than \(JobLimits.runKeyRange.upperBound) bytes")
      }
      arguments.runKey = key
    },
    Self(
      "metadata", value: "JSON|@FILE", .run,
      "an object that goes into the job resource, at most 64 KiB"
    ) { value, arguments throws(Fault) in arguments.metadata = try value.nonEmptyBytes() },
    Self(
      "ttl", value: "HOURS", .run,
      "expire the run so long after the last work on it; `runs prune` removes it then"
    ) { value, arguments throws(Fault) in
      arguments.ttlHours = try value.double(in: JobLimits.ttlHoursRange)
    },
    Self("item-timeout", value: "S", .run, "fail an item that takes longer, in seconds") {
      value, arguments throws(Fault) in
      arguments.itemTimeout = try value.double(in: JobLimits.itemTimeoutRange)
    },
    Self("deadline", value: "S", .run, "stop after so many seconds, exit 75; resumable") {
      value, arguments throws(Fault) in
      arguments.deadline = try value.double(in: JobLimits.deadlineRange)
    },
    Self(
      "layout", value: "names|hash|tar[:N]", .run,
      "name heatmaps like the inputs, or by digest in 256 folders, or keep them in archives for N "
        + "inputs each (1000)", default: "names",
      choices: ["names", "hash", "tar"]
    ) { value, arguments throws(Fault) in
      guard let layout = HeatmapLayout(try value.text()) else {
        throw Fault(.paramOutOfRange, "must be names, hash, tar, or tar:N with N from 1 to 1000000")
      }
      arguments.layout = layout
    },
    Self(
      "durability", value: "batch|item|none", .run,
      "when results reach the disk; none survives a kill, not a power cut", default: "batch"
    ) { value, arguments throws(Fault) in
      arguments.durability = try value.word(Durability.self)
    },
    dryRun,
  ]

  static let dryRun = Self("dry-run", .run, "say what would be done and do nothing") {
    $1.isDryRun = $0.isOn
  }

  static let wait = Self(
    "wait", negation: "no-wait", .run,
    "go on while nobody is at work on the run; with --no-wait exit 75 then", default: "on"
  ) { $1.waits = $0.isOn }

  static let repair = Self(
    "repair", .run, "set aside what is damaged, so that the run's command computes it again"
  ) { $1.repairs = $0.isOn }

  /// How the program speaks; known to every verb.
  static let speech: [Self] = [
    Self("json", .output, "JSON on stdout, error objects on stderr") {
      $1.isJSON = $0.isOn
      if $0.isOn { $1.isTable = false }
    },
    Self("table", .output, "tables on stdout, also when it is no terminal") {
      $1.isTable = $0.isOn
      if $0.isOn { $1.isJSON = false }
    },
    Self("quiet", short: "q", .output, "no progress, no summary") { $1.isQuiet = $0.isOn },
    Self("verbose", short: "v", .output, "also tell the model and how the work is spread") {
      $1.isVerbose = $0.isOn
    },
    Self(
      "color", negation: "no-color", value: "auto|always|never", .output,
      "colours on stderr; auto: on a terminal, unless NO_COLOR is set", default: "auto"
    ) { value, arguments throws(Fault) in
      arguments.color = value.isOn ? try value.word(ColorMode.self) : .never
    },
  ]

  static let progress = Self(
    "progress", value: "MODE", .output, "auto | bar | plain | json | none", default: "auto",
    choices: ProgressMode.allCases.map(\.rawValue)
  ) { value, arguments throws(Fault) in
    arguments.progress = try value.word(ProgressMode.self)
  }
}
