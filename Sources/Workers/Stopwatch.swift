/// The time since it was made.
public struct Stopwatch: Sendable {
  private let start = ContinuousClock.now

  public init() {}

  public var milliseconds: Double { seconds * 1000 }

  public var seconds: Double {
    let elapsed = start.duration(to: .now).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }
}
