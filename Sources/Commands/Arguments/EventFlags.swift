import Faults
import FileAccess
import Options
import Runs
import Transfers

extension Flag where Arguments == Commands.Arguments {
  /// Where the end of a run is reported to.
  static let callback: [Self] = [
    Self("callback-url", value: "URL", .events, "POST a signed event when the run has ended") {
      value, arguments throws(Fault) in
      arguments.callbackURL = try WebURL(value.nonEmptyText())
    },
    Self(
      "callback-secret-file", value: "FILE", .events,
      "the key of the signature: whsec_ and base64, or plain bytes"
    ) { value, arguments throws(Fault) in
      arguments.callbackSecretFile = RawPath(bytes: try value.nonEmptyBytes())
    },
    Self(
      "callback-wait", value: "S", .events,
      "how long to go on delivering before the rest is left to `runs deliver`", default: "60"
    ) { value, arguments throws(Fault) in
      arguments.callbackWait = try value.double(in: 0...604_800)
    },
  ]

  static let completionCommand = Self(
    "on-complete", value: "CMD", .events,
    "run a shell command when the run has ended, with the job as JSON on its standard input"
  ) { value, arguments throws(Fault) in arguments.completionCommand = try value.nonEmptyBytes() }

  static let itemCommand = Self(
    "on-item", value: "CMD", .events,
    "run a shell command that gets each committed result as a JSON line on its standard input"
  ) { value, arguments throws(Fault) in arguments.itemCommand = try value.nonEmptyBytes() }

  /// How inputs are read from URLs.
  static let net: [Self] = [
    Self("allow-net", .net, "read inputs that are URLs") { $1.allowsNet = $0.isOn },
    Self(
      "allow-port", value: "PORT", repeatable: true, .net,
      "also a port beside 443 (and 80 for http); repeatable"
    ) { value, arguments throws(Fault) in
      arguments.transfers.ports?.insert(try value.int(in: 1...65535))
    },
    Self(
      "url-timeout", value: "S", .net, "the longest one attempt at a URL may take", default: "60"
    ) { value, arguments throws(Fault) in
      arguments.transferSeconds = try value.double(in: 0.1...86_400)
    },
    Self(
      "url-attempts", value: "N", .net, "how often a URL is tried when failures may pass",
      default: "4"
    ) { value, arguments throws(Fault) in arguments.transferAttempts = try value.int(in: 1...20) },
    Self(
      "url-concurrency", value: "N", .net, "transfers at once", default: "8"
    ) { value, arguments throws(Fault) in
      arguments.transferConcurrency = try value.int(in: 1...64)
    },
  ]

  /// What transfers may reach.
  static let transfers: [Self] = [
    Self("allow-http", .net, "also http, which anybody on the way can read and change") {
      $1.transfers.allowsHTTP = $0.isOn
    },
    Self("allow-private-net", .net, "also loopback and private addresses") {
      $1.transfers.allowsPrivateNetworks = $0.isOn
    },
    Self(
      "cacert", value: "FILE", .net, "trust the certificates in a PEM file",
      default: "those of the system"
    ) { value, arguments throws(Fault) in
      arguments.transfers.authorities = RawPath(bytes: try value.nonEmptyBytes())
    },
  ]
}

extension Invocation {
  /// How URLs are read; `nil` without --allow-net.
  var inputTransfers: InputTransfers? {
    guard arguments.allowsNet else { return nil }
    var transfers = InputTransfers(arguments.transfers)
    transfers.client.policy.totalSeconds = arguments.transferSeconds
    transfers.client.backoff.attempts = arguments.transferAttempts
    transfers.concurrency = arguments.transferConcurrency
    return transfers
  }

  /// The callback of the flags; `nil` without one.
  func callback() throws(Fault) -> Callback? {
    guard let url = arguments.callbackURL else { return nil }
    guard let file = arguments.callbackSecretFile else {
      throw Fault(
        .paramMissing,
        "--callback-url needs a key to sign with: name its file with --callback-secret-file")
    }
    var policy = arguments.transfers
    // Whoever names the URL names the port.
    policy.ports = nil
    try policy.check(url)
    let secret: WebhookSecret
    do throws(Fault) {
      secret = try WebhookSecret(reading: file)
    } catch {
      // A key that cannot be read is wrong usage, whatever is wrong with its file.
      throw Fault(.paramOutOfRange, error.message, cause: error)
    }
    var callback = Callback(url, secret: secret, policy: policy)
    callback.waitSeconds = arguments.callbackWait
    return callback
  }
}
