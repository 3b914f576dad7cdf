#!/usr/bin/env python3
"""One network in one other engine, kept ready: each line of stdin is a number of seconds to measure.

    peer.py ENGINE MODEL.onnx BATCH THREADS      ENGINE: onnxruntime, openvino, openvino-bf16

Prints a JSON line when it is ready and one for each measurement: images per second of eight windows,
counted as `infercam bench` counts them.
"""

import json
import sys
import time

import numpy


def make_step(engine, path, batch, threads):
    """Returns a function that computes one batch, and the version of the engine."""
    images = numpy.random.default_rng(0).standard_normal((batch, 3, 224, 224), numpy.float32)
    if engine == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda: session.run(None, {name: images}), onnxruntime.__version__
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(list(images.shape))
    precision = "bf16" if engine.endswith("bf16") else "f32"
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
        },
    )
    return lambda: compiled(images), openvino.__version__.split("-")[0]


def windows(step, batch, seconds, count=8):
    """Images per second in each of `count` windows; a batch counts by the share that lies in one."""
    times, start = [], time.perf_counter()
    while (now := time.perf_counter() - start) < seconds:
        step()
        times.append((now, time.perf_counter() - start))
    window = times[-1][1] / count
    rates = []
    for index in range(count):
        low, high = index * window, (index + 1) * window
        done = sum(max(0, min(e, high) - max(s, low)) / (e - s) for s, e in times)
        rates.append(batch * done / window)
    return rates


def main():
    engine, path, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    step, version = make_step(engine, path, batch, threads)
    step()
    print(json.dumps({"engine": engine, "version": version}), flush=True)
    for line in sys.stdin:
        print(json.dumps(windows(step, batch, float(line))), flush=True)


main()
