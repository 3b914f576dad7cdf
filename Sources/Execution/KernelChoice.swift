public import Faults
public import Kernels

/// Which kernels compute a network.
public enum KernelChoice: String, Sendable, CaseIterable {
  /// The project's own, for the best instruction set of the processor.
  case auto
  /// The reference functions over BLAS.
  case blas

  /// The project's own kernels, when the processor has them and they multiply in a precision; `nil`
  /// for the reference functions.
  /// - Parameter instructionSet: whose kernels `auto` takes; `nil` for the best.
  /// - Throws: `Fault` with code `param.out_of_range`.
  public func table(
    _ instructionSet: String?, _ precision: Precision
  ) throws(Fault) -> BlockedKernels? {
    if self == .blas {
      guard precision == .float32 else {
        throw Self.fault(
          precision, "the reference functions over BLAS compute in float32 only")
      }
      return nil
    }
    var kernels = BlockedKernels.best
    if let instructionSet {
      let known = InstructionSet.allCases.first { "\($0)" == instructionSet }
      guard let named = known.flatMap(BlockedKernels.init) else {
        throw Fault(
          .paramOutOfRange,
          "this processor has no instruction set \(instructionSet), it has "
            + MachineProfile.instructionSets.joined(separator: ", "))
      }
      kernels = named
    }
    if precision == .bf16, !kernels.hasBF16 {
      throw Self.fault(
        precision,
        kernels.instructionSet == .best
          ? "this processor has no products of bf16 (AVX-512 BF16)"
          : "the \(kernels.instructionSet) kernels have no products of bf16")
    }
    return kernels
  }

  private static func fault(_ precision: Precision, _ reason: String) -> Fault {
    Fault(
      .paramOutOfRange, "precision: \(reason): use --precision fp32",
      details: ["field": .string("precision"), "value": .string(precision.rawValue)])
  }
}

/// How the project's own kernels sum.
public enum Numerics: String, Sendable, CaseIterable {
  /// Convolutions of 3x3 with fewer multiplications, where that is faster.
  case fast
  /// Every product of a weight and an activation is one multiply-add of its sum.
  case exact
}

/// What the project's own kernels multiply; they always sum in float32.
public enum Precision: String, Sendable, CaseIterable {
  case float32 = "fp32"
  /// Operands rounded to bf16, in convolutions and matrix products but the first and the last.
  case bf16
}

/// What the last bits of results depend on beside the model and the options.
public enum MachineProfile {
  /// The instruction set of the project's own kernels: `avx512`, `avx512_bf16`, `avx2` or `generic`.
  /// - Parameter chosen: the one that is asked for; `nil` for the best.
  public static func instructionSet(_ chosen: String?, _ precision: Precision) -> String {
    let set = chosen ?? "\(InstructionSet.best)"
    return precision == .bf16 ? set + "_bf16" : set
  }

  /// The instruction sets that this processor has kernels of the project's own for, best first.
  public static var instructionSets: [String] {
    InstructionSet.allCases.filter(\.isAvailable).sorted(by: >).map { "\($0)" }
  }

  /// The processor whose kernels OpenBLAS has chosen.
  public static var blasCore: String { BLAS.coreName }

  /// The library of matrix products with its version.
  public static var blasLibrary: String { BLAS.library }
}
