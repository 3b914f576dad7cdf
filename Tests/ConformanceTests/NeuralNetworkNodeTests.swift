import InfercamTestSupport
import Testing

/// The ONNX node cases of convolution, pooling, normalisation, products, activations and softmax.
struct NeuralNetworkNodeTests {
  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: Self.families)
  func `every case of a family passes but those of training`(_ family: String) {
    let names = NodeSuiteRunner.caseNames().filter {
      $0.hasPrefix("test_\(family)") && !$0.contains("_expanded")
    }
    #expect(!names.isEmpty)
    for name in names {
      let outcome = NodeSuiteRunner.run(name)
      if Self.refused.contains(name) {
        #expect(outcome.isRefusal, "\(name)")
      } else {
        #expect(outcome == .passed, "\(name)")
      }
    }
  }

  /// What the names of the cases begin with.
  static let families = [
    "averagepool", "basic_conv_", "batchnorm_", "celu", "clip", "conv_", "convtranspose",
    "dropout", "elu", "erf", "gelu", "gemm", "globalaveragepool", "globalmaxpool",
    "group_normalization", "hardsigmoid", "hardswish", "instancenorm",
    "layer_normalization", "leakyrelu", "logsoftmax", "lppool", "lrn", "matmul_", "maxpool",
    "mish", "prelu", "relu", "rms_normalization", "selu", "sigmoid", "softmax",
    "softplus", "softsign", "swish", "tanh", "thresholdedrelu", "training_dropout",
  ]

  /// Training modes, which draw numbers or mix images, and a type that is not supported.
  static let refused: Set = [
    "test_batchnorm_epsilon_training_mode", "test_batchnorm_example_training_mode",
    "test_celu_bfloat16", "test_training_dropout", "test_training_dropout_default",
    "test_training_dropout_default_mask", "test_training_dropout_mask",
    "test_training_dropout_zero_ratio", "test_training_dropout_zero_ratio_mask",
  ]
}

extension NodeOutcome {
  fileprivate var isRefusal: Bool {
    guard case .refused = self else { return false }
    return true
  }
}
