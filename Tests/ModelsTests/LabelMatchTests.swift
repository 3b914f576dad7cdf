import Models
import Testing

struct LabelMatchTests {
  private let labels = Labels(
    version: "1",
    classes: [
      .init(id: "n1", label: "crane"), .init(id: "n2", label: "crane"),
      .init(id: "n3", label: "cat"), .init(id: "dog", label: "hound"),
      .init(id: "n5", label: "dog"), .init(id: "same", label: "same"), .init(id: "0", label: "nil"),
    ])

  @Test(arguments: [
    ("n3", Labels.Match.id(2)), ("cat", .label(2)), ("3", .index(3)), ("crane", .ambiguous),
    // The id of one class and the label of another.
    ("dog", .ambiguous), ("same", .id(5)), ("0", .id(6)), ("7", .none), ("-1", .none),
    ("bird", .none), ("", .none), ("+1", .none),
  ])
  func `a label is an id, a label or an index, or it is not clear`(
    name: String, match: Labels.Match
  ) {
    #expect(labels.match(name) == match)
  }
}
