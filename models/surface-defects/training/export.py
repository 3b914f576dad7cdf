"""Write a trained network as ONNX (opset 17) and as a version of the model repository."""

import hashlib
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from preprocess import MEAN, SIDE, STD
from scene import CLASSES

LABELS_VERSION = "surface-defects-1"


class GraphWriter:
  """Collects nodes and weights of a chain of layers; tensors are called after their layer."""

  def __init__(self):
    self.nodes, self.weights = [], []

  def weight(self, name, array):
    self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
    return name

  def node(self, op, name, inputs, **attributes):
    self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
    return name

  def conv_norm(self, name, x, layer):
    """Convolution with the batch normalisation folded into its weight [out, in, k, k] and bias."""
    norm = layer.norm
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double()
    weight = layer.conv.weight.detach().double() * scale[:, None, None, None]
    bias = norm.bias.detach().double() - norm.running_mean.double() * scale
    kernel, stride = layer.conv.kernel_size[0], layer.conv.stride[0]
    return self.node("Conv", name, [x, self.weight(name + ".weight", weight.numpy()),
                                    self.weight(name + ".bias", bias.numpy())],
                     kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4,
                     dilations=[1, 1], group=1)


def to_onnx(network):
  """The network in inference form as an ONNX model: input [batch, 3, SIDE, SIDE], output logits."""
  graph = GraphWriter()
  x = "input"
  for i, layer in enumerate(network.stem):
    x = graph.node("Relu", f"stem{i}.relu", [graph.conv_norm(f"stem{i}.conv", x, layer)])
  for i, block in enumerate(network.blocks):
    name = f"block{i}"
    y = graph.node("Relu", f"{name}.first.relu", [graph.conv_norm(f"{name}.first", x, block.first)])
    y = graph.conv_norm(f"{name}.second", y, block.second)
    short = x if block.shortcut is None else graph.conv_norm(f"{name}.shortcut", x, block.shortcut)
    total = graph.node("Add", f"{name}.add", [y, short])
    last = i == len(network.blocks) - 1
    x = graph.node("Relu", "features" if last else f"{name}.relu", [total])
  x = graph.node("GlobalAveragePool", "pool", [x])
  x = graph.node("Flatten", "flatten", [x], axis=1)
  weight = graph.weight("head.weight", network.head.weight.detach().numpy())
  bias = graph.weight("head.bias", network.head.bias.detach().numpy())
  graph.node("Gemm", "logits", [x, weight, bias], transB=1)
  model = helper.make_model(
    helper.make_graph(
      graph.nodes, "surface-defects",
      [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
      [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(CLASSES)])],
      graph.weights),
    opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
    producer_name="surface-defects/training")
  onnx.checker.check_model(model, full_check=True)
  return model


def write_json(path, value):
  path.write_text(json.dumps(value, indent=1) + "\n")


def write_version(network, folder):
  """Write model.onnx, version.json and labels.json into `folder`."""
  folder.mkdir(parents=True, exist_ok=True)
  content = to_onnx(network).SerializeToString(deterministic=True)
  (folder / "model.onnx").write_bytes(content)
  write_json(folder / "version.json", {
    "schema": "infercam.model/1",
    "file": "model.onnx",
    "sha256": hashlib.sha256(content).hexdigest(),
    "input": {
      "name": "input", "width": SIDE, "height": SIDE, "layout": "NCHW", "color": "RGB",
      "resize": {"mode": "short_side", "size": SIDE, "filter": "bilinear"},
      "crop": "center", "mean": [MEAN] * 3, "std": [STD] * 3,
    },
    "output": {"name": "logits", "activation": "softmax"},
    "labels_version": LABELS_VERSION,
    "calibration": {"version": "none", "temperature": 1.0},
    "grad_cam": {"layer": "auto"},
  })
  write_json(folder / "labels.json", {
    "version": LABELS_VERSION,
    "classes": [{"id": name, "label": name} for name in CLASSES],
  })
