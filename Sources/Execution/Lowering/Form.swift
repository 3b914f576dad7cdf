import Graphs

/// How the elements of a value lie in memory.
enum Layout: Hashable, Sendable {
  /// Row-major, as ONNX has it.
  case plain
  /// Channel blocks of 16, one plane a block, with a halo of zeros around it.
  case blocked
  /// One plane a channel, with a halo of zeros: the network's input.
  case planar
  /// Channel blocks of 16 bytes, for numbers of an 8-bit grid, with a halo of the byte that stands for
  /// zero; values of the shape [1, C] are planes of one pixel.
  case bytes
  /// Memory that the operation producing the value works in.
  case scratch
}

/// A value in one layout: what an operation reads or writes.
struct Form: Hashable, Sendable {
  var value: ValueID
  var layout: Layout
}

/// How an operation's output may share memory with an input.
enum Sharing: Hashable, Sendable {
  case none
  /// Output 0 is input 0, element by element, when both lie alike.
  case view
  /// Output 0 may overwrite this input, when nothing reads the input later.
  case inPlace(input: Int)
  /// Each input may be written straight into output 0, at the channel where it belongs.
  case concat
  /// Each output is a run of channels of input 0.
  case split
}
