#!/usr/bin/env python3
"""Fills ONNX graphs that lack the data of their large tensors with reproducible random weights.

Such a tensor has the doc string "skeleton". The filled network computes nothing meaningful, but it has
the real shapes, which is all that its speed depends on.
"""

import math
import sys
import zlib

import numpy
import onnx


def values(name, dims, seed):
    """Weights that keep the variance of activations; normalisations close to the identity."""
    random = numpy.random.default_rng(zlib.crc32(name.encode()) ^ seed)
    if len(dims) >= 2:
        inputs = math.prod(dims[1:]) if len(dims) > 2 else max(dims)
        return random.standard_normal(dims, numpy.float32) * numpy.float32((2 / inputs) ** 0.5)
    if "var" in name:
        return random.uniform(0.5, 1.5, dims).astype(numpy.float32)
    if name.endswith("weight"):
        return random.uniform(0.6, 1.4, dims).astype(numpy.float32)
    return random.standard_normal(dims, numpy.float32) * numpy.float32(0.05)


def fill(source, target, seed=0):
    """Writes the graph of `source` with all weights to `target`."""
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        if tensor.doc_string == "skeleton":
            filled = values(tensor.name, tuple(tensor.dims), seed)
            tensor.CopyFrom(onnx.numpy_helper.from_array(filled, tensor.name))
    onnx.save(model, target)


if __name__ == "__main__":
    fill(sys.argv[1], sys.argv[2])
