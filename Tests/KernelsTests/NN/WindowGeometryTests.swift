import Faults
import Kernels
import Testing

/// One spatial axis with the output and the pads it must resolve to.
private struct Case: CustomTestStringConvertible, Sendable {
  var input: Int
  var kernel: Int
  var stride = 1
  var pads = [0, 0]
  var dilation = 1
  var autoPad = AutoPad.notSet
  var ceilMode = false
  var output: Int
  var resolved: [Int]

  var attributes: WindowGeometry.Attributes {
    WindowGeometry.Attributes(
      strides: [stride], pads: pads, dilations: [dilation], autoPad: autoPad, ceilMode: ceilMode)
  }

  var testDescription: String {
    "\(input) under \(kernel)/\(stride) \(pads) x\(dilation) \(autoPad) ceil \(ceilMode)"
  }
}

struct WindowGeometryTests {
  @Test(arguments: [
    Case(input: 7, kernel: 3, output: 5, resolved: [0, 0]),
    Case(input: 224, kernel: 7, stride: 2, pads: [3, 3], output: 112, resolved: [3, 3]),
    Case(input: 8, kernel: 3, stride: 2, pads: [0, 1], output: 4, resolved: [0, 1]),
    Case(input: 9, kernel: 3, pads: [2, 2], dilation: 2, output: 9, resolved: [2, 2]),
    Case(
      input: 5, kernel: 3, stride: 2, pads: [9, 9], autoPad: .valid, output: 2, resolved: [0, 0]),
    Case(input: 224, kernel: 3, stride: 2, autoPad: .sameUpper, output: 112, resolved: [0, 1]),
    Case(input: 224, kernel: 3, stride: 2, autoPad: .sameLower, output: 112, resolved: [1, 0]),
    Case(input: 6, kernel: 1, stride: 3, autoPad: .sameUpper, output: 2, resolved: [0, 0]),
    Case(input: 6, kernel: 3, dilation: 3, autoPad: .sameUpper, output: 6, resolved: [3, 3]),
    Case(input: 112, kernel: 3, stride: 2, output: 55, resolved: [0, 0]),
    Case(input: 112, kernel: 3, stride: 2, ceilMode: true, output: 56, resolved: [0, 0]),
    // The fourth window would start on the pad at the end.
    Case(
      input: 4, kernel: 1, stride: 2, pads: [0, 1], ceilMode: true, output: 2, resolved: [0, 1]),
    Case(
      input: 2, kernel: 3, stride: 3, pads: [1, 1], ceilMode: true, output: 1, resolved: [1, 1]),
    // One window over everything and far beyond, as heads of EfficientNet have it.
    Case(input: 7, kernel: 2560, stride: 2560, ceilMode: true, output: 1, resolved: [0, 0]),
    Case(input: 7, kernel: 9, stride: 3, ceilMode: true, output: 1, resolved: [0, 0]),
  ])
  private func `an axis resolves to its pads and its output`(_ axis: Case) throws {
    let geometry = try WindowGeometry(
      input: [axis.input], kernel: [axis.kernel], attributes: axis.attributes)
    #expect(geometry.output == [axis.output])
    #expect([geometry.axes[0].padBegin, geometry.axes[0].padEnd] == axis.resolved)
  }

  @Test(arguments: [
    (Case(input: 5, kernel: 3, stride: 0, output: 0, resolved: []), "strides contains 0"),
    (Case(input: 5, kernel: 0, output: 0, resolved: []), "kernel_shape contains 0"),
    (Case(input: 5, kernel: 6, output: 0, resolved: []), "larger than the padded input of 5"),
    (
      Case(input: 7, kernel: 9, stride: 2, ceilMode: true, output: 0, resolved: []),
      "larger than the padded input of 7"
    ),
    (Case(input: 5, kernel: 3, pads: [-1, 0], output: 0, resolved: []), "pads contains -1"),
    (Case(input: 5, kernel: 3, pads: [.max, 0], output: 0, resolved: []), "pads contains"),
    (Case(input: 5, kernel: 3, pads: [0], output: 0, resolved: []), "pads has 1 entries"),
    (Case(input: 5, kernel: 3, dilation: .max, output: 0, resolved: []), "dilations contains"),
    (
      Case(input: 5, kernel: 1 << 30, dilation: 1 << 30, output: 0, resolved: []),
      "larger than the padded input"
    ),
    (Case(input: 0, kernel: 1, output: 0, resolved: []), "a spatial extent of 0"),
  ])
  private func `an impossible window names the attribute`(_ axis: Case, _ message: String) {
    #expect {
      try WindowGeometry(input: [axis.input], kernel: [axis.kernel], attributes: axis.attributes)
    } throws: { error in
      guard let fault = error as? Fault else { return false }
      return fault.code == .modelInvalid && fault.message.contains(message)
    }
  }
}
