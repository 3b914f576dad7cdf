import Faults
import Tensors

/// A `NodeProto` as read from the wire.
struct NodeMessage {
  var inputs: [String] = []
  var outputs: [String] = []
  var name = ""
  var opType = ""
  var domain = ""
  var attributes: [AttributeMessage] = []
  /// The offset of the message in the file.
  let offset: Int

  /// - Parameter depth: how many graphs this one's graph lies in.
  init(_ reader: WireReader, offset: Int, depth: Int = 0) throws(Fault) {
    self.offset = offset
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: inputs.append(try reader.string(field))
      case 2: outputs.append(try reader.string(field))
      case 3: name = try reader.string(field)
      case 4: opType = try reader.string(field)
      case 5:
        attributes.append(
          try AttributeMessage(try reader.message(field), offset: field.offset, depth: depth))
      case 7: domain = try reader.string(field)
      default: break
      }
    }
  }
}

/// An `AttributeProto` as read from the wire.
struct AttributeMessage {
  var name = ""
  var type = 0
  var float: Float = 0
  var int = 0
  var string = ""
  var tensor: TensorMessage?
  /// A branch of a node that chooses.
  var graph: GraphMessage?
  var floats: [Float] = []
  var ints: [Int] = []
  var strings: [String] = []
  var isReference = false
  private var lastField = 0

  init(_ reader: WireReader, offset: Int, depth: Int) throws(Fault) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.string(field)
      case 2: float = try reader.float(field)
      case 3: int = try reader.int(field)
      case 4: string = try Self.text(field, reader)
      case 5: tensor = try TensorMessage(try reader.message(field), offset: field.offset)
      case 6: graph = try GraphMessage(try reader.message(field), depth: depth + 1)
      case 7: try reader.appendFloats(field, to: &floats)
      case 8: try reader.appendInts(field, to: &ints)
      case 9: strings.append(try Self.text(field, reader))
      case 20: type = try reader.int(field)
      case 21: isReference = true
      default: break
      }
      if [2, 3, 4, 5, 6, 7, 8, 9].contains(field.number) { lastField = field.number }
    }
  }

  /// Returns the value under the declared type; models of IR version 1 to 3 may declare none.
  func value(in file: UnsafeRawBufferPointer, owner: AnyObject?) -> AttributeValue {
    let typesByField = [2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7, 9: 8]
    switch type == 0 ? typesByField[lastField] ?? 0 : type {
    case 1: return .float(float)
    case 2: return .int(int)
    case 3: return .string(string)
    case 4:
      guard let tensor else { break }
      do throws(Fault) {
        return .tensor(try tensor.tensor(in: file, owner: owner, external: [:]))
      } catch {
        return .unreadable(error)
      }
    case 5, 10: return .graph
    case 6: return .floats(floats)
    case 7: return .ints(ints)
    case 8: return .strings(strings)
    default: break
    }
    return .unreadable(
      Fault(.modelInvalid, "attribute \(name) has a type that is not supported"))
  }

  // Text attributes are bytes in ONNX; those of operators are ASCII.
  private static func text(_ field: WireField, _ reader: WireReader) throws(Fault) -> String {
    String(decoding: reader.file[try reader.bytes(field)], as: UTF8.self)
  }
}
