internal import CKernels

/// An instruction set the blocked kernels are compiled for.
///
/// Results are identical bits for every batch and position within one instruction set, but may
/// differ in the last bits between two.
public enum InstructionSet: Int, Sendable, CaseIterable, Comparable {
  case generic = 0
  case avx2 = 1
  case avx512 = 2

  /// The best instruction set of this processor.
  public static let best = InstructionSet(rawValue: Int(ic_best_isa().rawValue)) ?? .generic

  /// Whether this processor and this build have it.
  public var isAvailable: Bool { ic_kernels_for(ic_isa(UInt32(rawValue))) != nil }

  public static func < (left: InstructionSet, right: InstructionSet) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// The kernels of one instruction set.
///
/// Methods take views into memory that the caller keeps alive and initialised for the duration of
/// the call; nothing is retained. A kernel writes only inside its output views, and inputs may be
/// shared between threads.
public struct BlockedKernels: Sendable {
  public let instructionSet: InstructionSet
  // Safety: a constant table of functions, alive as long as the process.
  nonisolated(unsafe) let table: OpaquePointer
  nonisolated(unsafe) let bf16Table: OpaquePointer?

  /// The kernels of `instructionSet`; nil where the processor lacks it.
  public init?(_ instructionSet: InstructionSet) {
    guard let table = ic_kernels_for(ic_isa(UInt32(instructionSet.rawValue))) else { return nil }
    self.instructionSet = instructionSet
    self.table = table
    self.bf16Table = ic_bf16_kernels_for(ic_isa(UInt32(instructionSet.rawValue)))
  }

  /// Whether there are kernels for products of bf16.
  public var hasBF16: Bool { bf16Table != nil }

  /// The kernels of the best instruction set of this processor.
  public static let best: BlockedKernels = {
    guard let kernels = BlockedKernels(.best) ?? BlockedKernels(.generic) else {
      preconditionFailure("the generic kernels are always built")
    }
    return kernels
  }()
}
