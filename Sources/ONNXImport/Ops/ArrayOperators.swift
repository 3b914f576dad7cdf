import Faults
import Graphs

/// Arithmetic, comparison, reduction, shape and data movement.
let arrayOperators: [String: OperatorBuilder] = [:]
