public import JSON

extension Array {
  /// Bytes that the array itself takes of the heap, without what its elements refer to.
  public var heapBytes: Int {
    isEmpty ? 0 : heapBlockBytes + count * MemoryLayout<Element>.stride
  }
}

extension String {
  /// Bytes that the text takes of the heap; short ones take none.
  public var heapBytes: Int {
    utf8.count <= 15 ? 0 : heapBlockBytes + utf8.count
  }
}

extension JSONValue {
  /// Bytes that the value takes of the heap with all that is in it.
  public var heapBytes: Int {
    switch self {
    case .null, .bool, .int, .double, .float: 0
    case .string(let text): text.heapBytes
    case .array(let values): values.heapBytes + values.reduce(0) { $0 + $1.heapBytes }
    case .object(let members): Self.heapBytes(of: members)
    }
  }

  static func heapBytes(of members: [String: JSONValue]) -> Int {
    if members.isEmpty { return 0 }
    let slots = members.capacity * 4 / 3 * (MemoryLayout<(String, JSONValue)>.stride + 1)
    return heapBlockBytes + slots
      + members.reduce(0) { $0 + $1.key.heapBytes + $1.value.heapBytes }
  }
}

extension ItemOptions {
  /// Bytes that the options take of the heap.
  public var heapBytes: Int { JSONValue.heapBytes(of: members) }
}

/// Bytes of the header of an array, a text or a box, and of what the heap adds to a block.
public let heapBlockBytes = 48
