extension Fault {
  /// The closed set of error types of the contract, each with its HTTP status.
  public enum Kind: String, CaseIterable, Sendable {
    case validationError = "validation_error"
    case authError = "auth_error"
    case authorizationError = "authorization_error"
    case notFound = "not_found"
    case conflict
    case gone
    case limitExceeded = "limit_exceeded"
    case mediaTypeUnsupported = "media_type_unsupported"
    case unprocessable
    case rateLimited = "rate_limited"
    case serverError = "server_error"
    case upstreamError = "upstream_error"
    case serviceUnavailable = "service_unavailable"
    case gatewayTimeout = "gateway_timeout"

    /// The HTTP status the API answers with.
    public var httpStatus: Int {
      switch self {
      case .validationError: 400
      case .authError: 401
      case .authorizationError: 403
      case .notFound: 404
      case .conflict: 409
      case .gone: 410
      case .limitExceeded: 413
      case .mediaTypeUnsupported: 415
      case .unprocessable: 422
      case .rateLimited: 429
      case .serverError: 500
      case .upstreamError: 502
      case .serviceUnavailable: 503
      case .gatewayTimeout: 504
      }
    }
  }
}
