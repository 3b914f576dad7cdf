import Faults
import FileAccess
public import JSON

#if canImport(Glibc)
import Glibc
#endif

/// Validates documents by JSON Schemas with the library `jsonschema` of Python.
public enum SchemaValidator {
  /// One document with the schema that it must obey.
  public struct Case {
    public var name: String
    public var schema: JSONValue
    public var document: JSONValue

    public init(_ name: String, _ schema: JSONValue, _ document: JSONValue) {
      self.name = name
      self.schema = schema
      self.document = document
    }
  }

  /// Whether the library is there; `make deps` installs it.
  public static let isAvailable = python != nil

  private static let python = ["/usr/bin/python3", "python3"].first {
    run([$0, "-c", "from jsonschema import Draft202012Validator"]) == 0
  }

  private static let program = """
    from json import dumps, loads
    from sys import argv
    from jsonschema import Draft202012Validator as Validator
    for line in open(argv[1], encoding="utf-8"):
      case = loads(line)
      Validator.check_schema(case["schema"])
      errors = Validator(case["schema"]).iter_errors(case["document"])
      print(dumps(["/" + "/".join(map(str, e.absolute_path)) + ": " + e.message[:300]
                   for e in errors]))
    """

  /// What is wrong with each document; a schema that is none itself is an error.
  public static func violations(_ cases: [Case]) throws -> [[String]] {
    guard let python else { throw Fault(.inputNotFound, "there is no python3-jsonschema") }
    let folder = try TemporaryFolder()
    let lines = cases.map { test in
      JSONValue.object(["schema": test.schema, "document": test.document]).encodedText
    }
    let input = try folder.write(lines.joined(separator: "\n"), to: "cases.jsonl")
    let output = folder.path.appending("violations.jsonl")
    let status = run([python, "-c", program, input.display], output: output.display)
    let found = try folder.read("violations.jsonl").split(separator: 0x0A).map { line in
      try JSONValue(parsing: Array(line)).array?.compactMap(\.string) ?? []
    }
    guard status == 0, found.count == cases.count else {
      let culprit = found.count < cases.count ? cases[found.count].name : "no case"
      throw Fault(.internalError, "the validator ended with \(status) at \(culprit)")
    }
    return found
  }

  private static func run(_ words: [String], output: String = "/dev/null") -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    if output == "/dev/null" {
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var process = pid_t()
    guard posix_spawnp(&process, words[0], &actions, nil, arguments, environ) == 0 else {
      return -1
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
