/// What is wrong with a file of the reference material.
public struct Malformed: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
