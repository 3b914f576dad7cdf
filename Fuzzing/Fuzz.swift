import FuzzTargets

#if canImport(Glibc)
import Glibc
#endif

/// The parser that this process feeds: named by `INFERCAM_FUZZ_TARGET`.
private let target: FuzzTarget = {
  let name = getenv("INFERCAM_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    let message = "INFERCAM_FUZZ_TARGET must be one of \(names)\n"
    write(STDERR_FILENO, message, message.utf8.count)
    exit(2)
  }
  return target
}()

/// What libFuzzer calls for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  target.run(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}
