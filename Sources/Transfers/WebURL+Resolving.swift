public import Faults

extension WebURL {
  /// Resolves what a redirect names against this URL (RFC 3986, section 5).
  public func resolving(_ reference: String) throws(Fault) -> WebURL {
    var reference = reference[...]
    while let first = reference.first, first == " " || first == "\t" { reference.removeFirst() }
    while let last = reference.last, last == " " || last == "\t" { reference.removeLast() }
    if hasScheme(reference) { return try WebURL(String(reference)) }
    if reference.hasPrefix("//") { return try WebURL("\(scheme.rawValue):\(reference)") }
    let path = target.prefix { $0 != "?" }
    if reference.isEmpty || reference.hasPrefix("#") { return self }
    if reference.hasPrefix("?") { return try WebURL("\(origin)\(path)\(reference)") }
    let end = reference.firstIndex { $0 == "?" || $0 == "#" } ?? reference.endIndex
    var merged = String(reference[..<end])
    if !merged.hasPrefix("/") {
      merged = path[...(path.lastIndex(of: "/") ?? path.startIndex)] + merged
    }
    return try WebURL(origin + withoutDotSegments(merged) + reference[end...])
  }

  private func hasScheme(_ reference: Substring) -> Bool {
    let name = reference.prefix { !":/?#".contains($0) }
    return !name.isEmpty && reference[name.endIndex...].hasPrefix(":")
  }
}

/// Removes `.` and `..` from an absolute path.
private func withoutDotSegments(_ path: String) -> String {
  var kept: [Substring] = []
  let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
  for (index, segment) in segments.enumerated() {
    let isLast = index == segments.count - 1
    if segment == ".." { _ = kept.popLast() }
    if segment != ".", segment != ".." { kept.append(segment) } else if isLast { kept.append("") }
  }
  return "/" + kept.joined(separator: "/")
}
