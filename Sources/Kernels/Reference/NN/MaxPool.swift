public import Tensors

/// How `MaxPool` numbers the places of its `Indices` output.
public enum StorageOrder: Sendable, Hashable {
  case rowMajor
  case columnMajor
}

/// Takes the maximum of each window; a NaN in the window wins.
///
/// Shapes: `x` is [N, C, spatial...], `y` and `indices` are [N, C, output...]. Types: float32,
/// float64, float16, int8 or uint8; `indices` is int64 and counts through all of `x`.
/// Source: ONNX MaxPool-22.
public func maxPool(
  _ x: Tensor, geometry: WindowGeometry, storageOrder: StorageOrder = .rowMajor, into y: Tensor,
  indices: Tensor? = nil
) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    let pool = MaxPooling(plan: WindowPlan(geometry), order: storageOrder, indices: indices)
    switch x.dtype {
    case .float32: pool(x, lowest: -Float.infinity, into: outputs[0])
    case .float64: pool(x, lowest: -Double.infinity, into: outputs[0])
    case .int8: pool(x, lowest: Int8.min, into: outputs[0])
    case .uint8: pool(x, lowest: UInt8.min, into: outputs[0])
    default: preconditionFailure("the shape rule admits no other type")
    }
  }
}

/// Computes the gradient of `maxPool` by its input: all of it goes to the first maximum.
public func maxPoolBackward(_ x: Tensor, dY: Tensor, geometry: WindowGeometry, into dX: Tensor) {
  computing([x, dY], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1] else { return }
    let plan = WindowPlan(geometry)
    if x.dtype == .float64 {
      backward(-Double.infinity, x, dY, plan, outputs[0])
    } else {
      backward(-Float.infinity, x, dY, plan, outputs[0])
    }
  }
}

private struct MaxPooling {
  let plan: WindowPlan
  let order: StorageOrder
  let indices: Tensor?

  func callAsFunction<T: TensorElement & Comparable>(_ x: Tensor, lowest: T, into y: Tensor) {
    let source = x.pointer(to: T.self)
    let target = y.pointer(to: T.self)
    let indices = indices?.pointer(to: Int64.self)
    var places = [Int](repeating: 0, count: indices == nil ? 0 : plan.outputCount)
    for plane in 0..<x.elementCount / plan.inputCount {
      let x = source + plane * plan.inputCount
      let y = target + plane * plan.outputCount
      guard let indices else {
        maximum(x, lowest: lowest, plan, into: y)
        continue
      }
      maximum(x, lowest: lowest, plan, into: y, places: &places)
      for (output, place) in places.enumerated() {
        indices[plane * plan.outputCount + output] = Int64(
          plane * plan.inputCount + numbered(place))
      }
    }
  }

  /// The number of a place in its plane under the storage order.
  private func numbered(_ place: Int) -> Int {
    guard order == .columnMajor else { return place }
    let x = place % plan.width.input
    let y = place / plan.width.input % plan.height.input
    let z = place / plan.width.input / plan.height.input
    return (x * plan.height.input + y) * plan.depth.input + z
  }
}

/// Writes the maximum of each window of one plane.
private func maximum<T: TensorElement & Comparable>(
  _ x: UnsafePointer<T>, lowest: T, _ plan: WindowPlan, into y: UnsafeMutablePointer<T>
) {
  y.update(repeating: lowest, count: plan.outputCount)
  let step = plan.step
  for tap in 0..<plan.tapCount {
    plan.forEachRun(tap: tap, in: 0..<plan.outputCount) { output, input, count in
      let target = y + output
      let source = x + input
      for index in 0..<count {
        let value = source[index * step]
        let wins = value > target[index] || value != value
        target[index] = wins ? value : target[index]
      }
    }
  }
}

/// Writes the maximum of each window of one plane and the place of the first of them.
private func maximum<T: TensorElement & Comparable>(
  _ x: UnsafePointer<T>, lowest: T, _ plan: WindowPlan, into y: UnsafeMutablePointer<T>,
  places: inout [Int]
) {
  y.update(repeating: lowest, count: plan.outputCount)
  places.withUnsafeMutableBufferPointer { places in
    places.update(repeating: -1)
    let step = plan.step
    for tap in 0..<plan.tapCount {
      plan.forEachRun(tap: tap, in: 0..<plan.outputCount) { output, input, count in
        for index in 0..<count {
          let value = x[input + index * step]
          if value > y[output + index] || value != value || places[output + index] < 0 {
            y[output + index] = value
            places[output + index] = input + index * step
          }
        }
      }
    }
  }
}

private func backward<T: FloatingScalar>(
  _ lowest: T, _ x: Tensor, _ dY: Tensor, _ plan: WindowPlan, _ dX: Tensor
) {
  let x = x.pointer(to: T.self)
  let gradient = dY.pointer(to: T.self)
  let target = dX.pointer(to: T.self)
  target.update(repeating: 0, count: dX.elementCount)
  var places = [Int](repeating: 0, count: plan.outputCount)
  var maxima = [T](repeating: 0, count: plan.outputCount)
  for plane in 0..<dX.elementCount / plan.inputCount {
    maxima.withUnsafeMutableBufferPointer { maxima in
      guard let y = maxima.baseAddress else { return }
      maximum(x + plane * plan.inputCount, lowest: lowest, plan, into: y, places: &places)
    }
    let dY = gradient + plane * plan.outputCount
    let dX = target + plane * plan.inputCount
    for (output, place) in places.enumerated() where place >= 0 { dX[place] += dY[output] }
  }
}
