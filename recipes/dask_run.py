#!/usr/bin/env python3
"""One run over a Dask cluster: each task is one shard, a process of its own.

    python dask_run.py /data/photos /scratch/run resnet50 --shards 16
    python dask_run.py /data/photos /scratch/run resnet50 --shards 16 --scheduler tcp://host:8786

The folders must be visible to all workers. A task that fails is tried again; the same command again
goes on where the last one stopped.
"""

import argparse
import json
import subprocess

from dask.distributed import Client

TRY_AGAIN = {6, 75, 143, -9, -15}


def shard(index, count, inputs, output, model):
    command = ["infercam", "run", inputs, "-o", output, "-m", model,
               "--shard", f"{index}/{count}", "--workers", "1", "--fail-on", "never",
               "--progress", "none"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode in TRY_AGAIN:
        raise RuntimeError(f"shard {index}: status {process.returncode}: {process.stderr[-500:]}")
    return process.returncode, process.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs")
    parser.add_argument("output")
    parser.add_argument("model")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--scheduler", help="address of a running scheduler; default: this machine")
    options = parser.parse_args()

    with Client(options.scheduler, **({} if options.scheduler else {"threads_per_worker": 1})) as client:
        tasks = [
            client.submit(shard, index, options.shards, options.inputs, options.output, options.model,
                          retries=3, pure=False)
            for index in range(options.shards)
        ]
        for index, (status, message) in enumerate(client.gather(tasks)):
            if status != 0:
                raise SystemExit(f"shard {index} ended with status {status}: {message}")

    merged = subprocess.run(["infercam", "runs", "merge", options.output, "--fail-on", "never", "--json"],
                            capture_output=True, text=True, check=False)
    if merged.returncode != 0:
        raise SystemExit(merged.stderr)
    print(json.dumps(json.loads(merged.stdout)["result_summary"]))


if __name__ == "__main__":
    main()
