"""Calls of the program that are measured, and what they printed."""

import json
import os
import subprocess
import time

# A shell may export these, which make OpenBLAS slower than it is.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
}


class Program:
    """The built program."""

    def __init__(self, path):
        self.path = str(path)

    def bench(self, model, batch, workers, seconds, *flags):
        """What `infercam bench --json` says."""
        command = [self.path, "bench", "-m", model, "--batch", batch, "-j", workers, "--seconds", seconds]
        output = subprocess.run(
            [str(word) for word in command] + ["--json", "-q", *flags],
            env=ENVIRONMENT, check=True, capture_output=True, text=True,
        ).stdout
        return json.loads(output)

    def supports(self, flag):
        """Whether `bench` has a flag."""
        text = subprocess.run([self.path, "bench", "--help"], capture_output=True, text=True).stdout
        return flag in text

    def timed(self, *words, cwd=None):
        """Seconds and peak MiB of one process that has to succeed."""
        return timed([self.path, *words], cwd)[:2]


def timed(command, cwd=None):
    """Seconds, peak MiB and stdout of one process that has to succeed."""
    # A child's peak begins with the memory of this process, which therefore stays small.
    read, write = os.pipe()
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command], env=ENVIRONMENT, cwd=cwd, stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    with os.fdopen(read) as stream:
        output = stream.read()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command}: exit {process.returncode}\n{errors.decode(errors='replace')}")
    return seconds, usage.ru_maxrss / 1024, output


def variants(folder, count, target):
    """A folder of `count` files that all differ: those of `folder` in turns, with a number behind the end."""
    # One file after the other: this process has to stay small, see `timed`.
    files = sorted(folder.iterdir())
    target.mkdir(parents=True)
    for index in range(count):
        source = files[index % len(files)]
        contents = source.read_bytes() + index.to_bytes(8, "big")
        (target / f"{index:06}-{source.name}").write_bytes(contents)
    return target
