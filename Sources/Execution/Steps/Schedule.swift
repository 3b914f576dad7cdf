import Faults
import Kernels
import Workers

/// Steps in their order, with the places where the threads of a team must meet.
struct Schedule: Sendable {
  let steps: [Step]
  /// Whether the threads meet after each of them.
  let meetings: [Bool]

  init(_ steps: [Step]) {
    self.steps = steps
    meetings = steps.indices.map { index in
      let following = steps[(index + 1)...]
      switch steps[index].division {
      case .shares: return true
      // What follows in the same thread needs no meeting.
      case .none: return following.first { $0.division != .aside }?.division != Step.Division.none
      case .aside: return following.isEmpty
      }
    }
  }
}

/// One thread of a team that computes the steps of a plan.
struct Member {
  let team: Team
  let index: Int
  let arena: Arena
  let failure: Monitor<Fault?>

  /// Computes this thread's part of each step for some images.
  ///
  /// A failure does not keep the thread from the meetings.
  func run(_ schedule: Schedule, _ images: Range<Int>) {
    let share = Share(index: index, count: team.count)
    for (step, meets) in zip(schedule.steps, schedule.meetings) {
      do throws(Fault) {
        if step.division == .shares {
          try step.run(images, arena, share)
        } else if index == 0 {
          try step.run(images, arena, .whole)
        }
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
      if meets { team.meet() }
    }
  }
}
