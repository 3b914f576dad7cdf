public import Faults
public import Models

extension ModelVersion {
  /// What makes probabilities of the scores that a run keeps as logits: the activation that the graph
  /// ends in, else the one the version names.
  /// - Throws: `Fault` with a code of the model, also where its files are not those registered.
  public func scoreActivation() throws(Fault) -> ModelSpec.Activation {
    try NetworkPreparation(self, layers: []).scores.activation
  }
}
