public import Faults
public import Requests
import Workers

/// The classifier of a request, and those of inputs with options of their own, over one model.
///
/// Options that change what is read from the network, such as another layer, take a network of their
/// own, with its weights packed anew; few of these are kept. Which are kept changes no result.
public final class ClassifierSet: Sendable {
  /// The classifier of the request itself.
  public let base: Classifier
  private let engine: EngineOptions
  private let variants = Monitor(Variants())

  private struct Variants {
    var byOptions: [ItemOptions: Result<Classifier, Fault>] = [:]
    /// One classifier for each further network, oldest first.
    var networks: [Classifier] = []
  }

  /// How many networks are kept beside that of the request.
  static let networkLimit = 3
  private static let variantLimit = 256

  public init(_ base: Classifier, engine: EngineOptions = EngineOptions()) {
    self.base = base
    self.engine = engine
  }

  /// The classifier for an input's options.
  ///
  /// Whoever asks for a network that is being made waits for it.
  /// - Throws: `Fault` for options that do not go together with the request or the model.
  public func classifier(for options: ItemOptions) throws(Fault) -> Classifier {
    if options.isEmpty { return base }
    return try variants.withLock { variants in
      if let known = variants.byOptions[options] { return known }
      let made = Result { () throws(Fault) in try make(options, &variants) }
      if variants.byOptions.count >= Self.variantLimit { variants.byOptions = [:] }
      variants.byOptions[options] = made
      return made
    }.get()
  }

  private func make(
    _ options: ItemOptions, _ variants: inout Variants
  ) throws(Fault) -> Classifier {
    let request = try base.request.applying(options)
    if let shared = ([base] + variants.networks).first(where: { $0.serves(request) }) {
      return try Classifier(sharing: shared, request: request)
    }
    let classifier = try Classifier(base.model, request: request, engine: engine)
    if variants.networks.count >= Self.networkLimit {
      variants.networks.removeFirst()
      variants.byOptions = [:]
    }
    variants.networks.append(classifier)
    return classifier
  }
}
