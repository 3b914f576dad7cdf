import Tensors
import Testing

struct TensorStorageTests {
  @Test func `reserved pages read as zero and keep what is written`() {
    let storage = TensorStorage(zeroPages: 1 << 20)
    let tensor = Tensor(dtype: .float32, shape: [1 << 18], storage: storage)
    tensor.withMutableElements(of: Float.self) { elements in
      let isZero = elements.allSatisfy { $0 == 0 }
      #expect(isZero)
      elements[1000] = 3
    }
    #expect(tensor.elements(of: Float.self)[1000] == 3)
  }
}
