import Faults
import Graphs
import Kernels

/// A node, or several fused ones, with the layouts chosen for it but no memory yet.
struct Operation: Sendable {
  var inputs: [Form]
  var outputs: [Form]
  /// The zeros each input must have around it.
  var halos: [Halo]
  var sharing: Sharing
  /// Floats of memory of its own, in the layout `scratch` of output 0; the same for any batch.
  var scratchFloats: Int
  /// Makes the step once every form has its place; `nil` when sharing leaves nothing to do.
  var makeStep: @Sendable (Bindings) throws(Fault) -> Step?

  init(
    inputs: [Form], outputs: [Form], halos: [Halo] = [],
    sharing: Sharing = .none, scratchFloats: Int = 0,
    makeStep: @escaping @Sendable (Bindings) throws(Fault) -> Step?
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.halos = halos.isEmpty ? inputs.map { _ in Halo.none } : halos
    self.sharing = sharing
    self.scratchFloats = scratchFloats
    self.makeStep = makeStep
  }
}
