import Graphs
import Kernels
import Tensors

/// Where every form lies, for the operations that are turned into steps.
struct Bindings: Sendable {
  let graph: Graph
  let places: [Form: Place]
  let halos: [Form: Halo]

  /// The type of a value; lowering starts from a specialised graph, so it is known.
  func type(_ value: ValueID) -> TensorType {
    graph.knownType(value)
  }

  func place(_ form: Form) -> Place {
    guard let place = places[form] else {
      preconditionFailure("\(graph[form.value].name) has no place")
    }
    return place
  }

  func planes(_ form: Form) -> PlanesAt {
    let shape = type(form.value).shape
    return PlanesAt(
      place: place(form),
      layout: ActivationLayout(
        channels: shape[1], height: shape[2], width: shape[3], halo: halos[form] ?? .none))
  }

  func bytes(_ form: Form) -> BytesAt {
    guard let planes = type(form.value).shape.bytePlanes else {
      preconditionFailure("\(graph[form.value].name) cannot lie in byte planes")
    }
    return BytesAt(
      place: place(form),
      layout: ActivationLayout(
        channels: planes.channels, height: planes.height, width: planes.width,
        halo: halos[form] ?? .none))
  }

  /// The value as rows of its last axis, or of `columns` elements.
  func rows(_ form: Form, columns: Int? = nil) -> RowsAt {
    let shape = type(form.value).shape
    let columns = max(columns ?? shape.dimensions.last ?? 1, 1)
    return RowsAt(place: place(form), rows: shape.elementCount / columns, columns: columns)
  }

  /// Whether two forms start at the same floats.
  func coincide(_ a: Form, _ b: Form) -> Bool {
    place(a) == place(b)
  }
}

extension Shape {
  /// The extents of one image's planes, [1, C, H, W], or of a row [1, C] as planes of one pixel.
  var bytePlanes: (channels: Int, height: Int, width: Int)? {
    guard rank == 4 || rank == 2, self[0] == 1, elementCount > 0 else { return nil }
    return rank == 4 ? (self[1], self[2], self[3]) : (self[1], 1, 1)
  }
}

extension Graph {
  /// The type of a value of a specialised graph.
  func knownType(_ value: ValueID) -> TensorType {
    guard let type = self[value].type ?? self[value].constant?.type else {
      preconditionFailure("\(self[value].name) has no type: specialise the graph first")
    }
    return type
  }

  /// Whether the value is one image's planes with more than one pixel, which is what channel
  /// blocks are for.
  func isPlanes(_ value: ValueID) -> Bool {
    let type = knownType(value)
    return type.dtype == .float32 && type.shape.rank == 4 && type.shape[0] == 1
      && type.shape[2] * type.shape[3] > 1 && type.shape.elementCount > 0
  }

  /// The elements of a float32 constant, aligned.
  func floats(_ value: ValueID?) -> Tensor? {
    guard let value, let constant = self[value].constant, constant.dtype == .float32 else {
      return nil
    }
    return constant.aligned()
  }
}
