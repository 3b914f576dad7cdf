import Faults
import Runs

extension Environment {
  /// The variables of a job scheduler: the number of this task, how many there are, the first one.
  private struct Scheduler {
    var index: String
    var count: [String]
    var first: String?
    var step: String?
  }

  private static let schedulers = [
    Scheduler(
      index: "SLURM_ARRAY_TASK_ID", count: ["SLURM_ARRAY_TASK_COUNT"],
      first: "SLURM_ARRAY_TASK_MIN", step: "SLURM_ARRAY_TASK_STEP"),
    Scheduler(index: "AWS_BATCH_JOB_ARRAY_INDEX", count: ["AWS_BATCH_JOB_ARRAY_SIZE"]),
    Scheduler(index: "JOB_COMPLETION_INDEX", count: ["JOB_COMPLETIONS"]),
  ]

  /// The shard that the job scheduler gives this process.
  ///
  /// Slurm arrays, AWS Batch arrays and Kubernetes Indexed Jobs are known. `INFERCAM_SHARD_COUNT`
  /// says how many there are where the scheduler does not, as Kubernetes.
  /// - Throws: `Fault` with code `param.missing`, or `param.out_of_range` for variables that
  ///   contradict each other.
  func scheduledShard() throws(Fault) -> Shard {
    guard let scheduler = Self.schedulers.first(where: { self[$0.index] != nil }) else {
      let names = Self.schedulers.map(\.index).joined(separator: ", ")
      throw Fault(
        .paramMissing, "--shard auto finds none of \(names): name the shard with --shard I/N")
    }
    let countNames = ["INFERCAM_SHARD_COUNT"] + scheduler.count
    guard let countName = countNames.first(where: { self[$0] != nil }) else {
      throw Fault(
        .paramMissing,
        "--shard auto finds \(scheduler.index) but not how many there are: set "
          + countNames.joined(separator: " or "))
    }
    let first = try scheduler.first.map { (name) throws(Fault) in try number(name, or: 0) } ?? 0
    let step = try scheduler.step.map { (name) throws(Fault) in try number(name, or: 1) } ?? 1
    let distance = try number(scheduler.index) - first
    let count = try number(countName)
    guard step > 0, distance >= 0, distance % step == 0,
      let shard = Shard(index: distance / step, count: count)
    else {
      throw Fault(
        .paramOutOfRange,
        "--shard auto: \(scheduler.index) is no place among the \(count) of \(countName)")
    }
    return shard
  }

  private func number(_ name: String, or standard: Int? = nil) throws(Fault) -> Int {
    guard let bytes = self[name] else {
      if let standard { return standard }
      throw Fault(.paramMissing, "\(name) is not set")
    }
    guard let value = Int(String(decoding: bytes, as: UTF8.self)), value.magnitude < 1 << 40 else {
      throw Fault(.paramOutOfRange, "\(name) is not a number")
    }
    return value
  }
}
