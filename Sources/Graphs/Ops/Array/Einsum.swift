public import Faults
import Kernels
public import Tensors

/// Sums products of operands over named axes, such as `bij,bjk->bik`.
///
/// Operands are contracted from left to right. Source:
/// https://onnx.ai/onnx/operators/onnx__Einsum.html
public struct Einsum: Operator {
  public var equation: String

  public init(equation: String) {
    self.equation = equation
  }

  /// An axis: a letter, or one of those an ellipsis stands for, counted from the last.
  private enum Label: Hashable {
    case letter(Character)
    case ellipsis(Int)
  }

  private struct Terms {
    var operands: [[Label]]
    var output: [Label]
    var extents: [Label: Int]
  }

  private func terms(_ operands: OperandFacts) throws(Fault) -> Terms {
    let sides = try sides(operands)
    let texts = sides.inputs.split(separator: ",", omittingEmptySubsequences: false)
    guard texts.count == operands.facts.count else {
      throw operands.fault(
        "\(equation) has \(texts.count) terms for \(operands.facts.count) inputs")
    }
    var terms = Terms(operands: [], output: [], extents: [:])
    for (index, text) in texts.enumerated() {
      let shape = try operands[index].shape
      let labels = try labels(text, rank: shape.rank, operands)
      guard labels.count == shape.rank else {
        throw operands.fault("\(text) does not name the axes of \(shape)")
      }
      for (label, extent) in zip(labels, shape.dimensions) where extent != 1 {
        guard terms.extents[label, default: 1] == 1 || terms.extents[label] == extent else {
          throw operands.fault("\(equation) gives one axis two extents")
        }
        terms.extents[label] = extent
      }
      terms.operands.append(labels)
    }
    terms.output = try outputLabels(sides.output, terms, operands)
    return terms
  }

  /// How a product of two matrices, batched or not, is transposed around MatMul.
  struct MatrixProduct {
    /// The axes of the operands as [batch..., row, sum] and [batch..., sum, column].
    var operands: [[Int]]
    /// The axes of the output in those of [batch..., row, column].
    var output: [Int]
  }

  /// The sum as a product of two matrices; `nil` when it is another one.
  func matrixProduct(_ inputs: [ValueFact?]) -> MatrixProduct? {
    guard let terms = try? terms(OperandFacts(self, inputs)), terms.operands.count == 2 else {
      return nil
    }
    let (a, b, out) = (terms.operands[0], terms.operands[1], terms.output)
    guard [a, b, out].allSatisfy({ Set($0).count == $0.count }) else { return nil }
    let batch = out.filter { a.contains($0) && b.contains($0) }
    let rows = a.filter { out.contains($0) && !b.contains($0) }
    let columns = b.filter { out.contains($0) && !a.contains($0) }
    let sums = a.filter { b.contains($0) && !out.contains($0) }
    guard rows.count == 1, columns.count == 1, sums.count == 1, a.count == batch.count + 2,
      b.count == batch.count + 2, out.count == batch.count + 2
    else { return nil }
    let product = batch + rows + columns
    return MatrixProduct(
      operands: [
        (batch + rows + sums).compactMap { a.firstIndex(of: $0) },
        (batch + sums + columns).compactMap { b.firstIndex(of: $0) },
      ],
      output: out.compactMap { product.firstIndex(of: $0) })
  }

  private func sides(
    _ operands: OperandFacts
  ) throws(Fault) -> (inputs: Substring, output: Substring?) {
    let text = equation.filter { $0 != " " }[...]
    guard let dash = text.firstIndex(of: "-") else { return (text, nil) }
    let rest = text[dash...]
    guard rest.hasPrefix("->") else { throw operands.fault("\(equation) is no Einstein sum") }
    return (text[..<dash], rest.dropFirst(2))
  }

  private func labels(
    _ text: Substring, rank: Int, _ operands: OperandFacts
  ) throws(Fault) -> [Label] {
    var labels: [Label] = []
    var rest = text
    while let character = rest.first {
      if rest.hasPrefix("...") {
        let letters = text.count - 3
        labels += (0..<max(rank - letters, 0)).reversed().map { .ellipsis($0) }
        rest = rest.dropFirst(3)
      } else if character.isASCII, character.isLetter {
        labels.append(.letter(character))
        rest = rest.dropFirst()
      } else {
        throw operands.fault("\(equation) is no Einstein sum")
      }
    }
    return labels
  }

  private func outputLabels(
    _ text: Substring?, _ terms: Terms, _ operands: OperandFacts
  ) throws(Fault) -> [Label] {
    let all = terms.operands.joined()
    let ellipsis =
      all.compactMap { if case .ellipsis(let axis) = $0 { axis + 1 } else { nil } }
      .max() ?? 0
    guard let text else {
      let letters = all.compactMap { if case .letter(let letter) = $0 { letter } else { nil } }
      let single = letters.filter { letter in letters.count { $0 == letter } == 1 }.sorted()
      return (0..<ellipsis).reversed().map { .ellipsis($0) } + single.map { .letter($0) }
    }
    let letters = text.filter { $0 != "." }.count
    let labels = try labels(text, rank: letters + ellipsis, operands)
    guard Set(labels).count == labels.count, labels.allSatisfy({ all.contains($0) }) else {
      throw operands.fault("the right side of \(equation) does not follow from the left")
    }
    return labels
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let dtype = try operands.commonDType()
    guard dtype != .bool else { throw operands.fault("booleans have no arithmetic") }
    let terms = try terms(operands)
    return [try operands.type(dtype, terms.output.map { terms.extents[$0, default: 1] })]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let operands = OperandFacts(self, inputs)
    let terms = try terms(operands)
    let dtype = outputs[0].dtype
    let wide: DType = dtype == .float16 ? .float32 : dtype
    var left = try cast(try inputs.operand(0), to: wide)
    var leftLabels = terms.operands[0]
    for index in 0..<max(terms.operands.count - 1, 1) {
      var right = try cast(Tensor(scalar: Int64(1)), to: wide)
      var rightLabels: [Label] = []
      if index + 1 < terms.operands.count {
        right = try cast(try inputs.operand(index + 1), to: wide)
        rightLabels = terms.operands[index + 1]
      }
      let later = Set(terms.operands.dropFirst(index + 2).joined())
      let isLast = index + 2 >= terms.operands.count
      let present = unique(leftLabels + rightLabels)
      let kept =
        isLast ? terms.output : present.filter { later.contains($0) || terms.output.contains($0) }
      func axes(_ labels: [Label]) -> [ContractionAxis] {
        labels.map { label in
          ContractionAxis(
            extent: terms.extents[label, default: 1],
            firstStride: stride(of: label, leftLabels, left.shape),
            secondStride: stride(of: label, rightLabels, right.shape))
        }
      }
      let type = try operands.type(wide, kept.map { terms.extents[$0, default: 1] })
      let result = Tensor(uninitialized: wide, type.shape)
      try contract(
        left, right, kept: axes(kept), summed: axes(present.filter { !kept.contains($0) }),
        into: result)
      (left, leftLabels) = (result, kept)
    }
    try cast(left, into: outputs[0])
  }

  private func unique(_ labels: [Label]) -> [Label] {
    var seen: Set<Label> = []
    return labels.filter { seen.insert($0).inserted }
  }

  /// The step through an operand along a label; a repeated label walks a diagonal.
  private func stride(of label: Label, _ labels: [Label], _ shape: Shape) -> Int {
    let strides = shape.strides
    return labels.indices.reduce(0) { sum, axis in
      labels[axis] == label && shape[axis] != 1 ? sum + strides[axis] : sum
    }
  }
}
