"""What the figures depend on beside the program: processor, BLAS, commit, load."""

import ctypes
import os
import platform
import re
import subprocess


def has_bf16():
    """Whether the processor multiplies pairs of bf16."""
    return "avx512_bf16" in open("/proc/cpuinfo").read()


def describe(infercam):
    """Lines that say what was measured where."""
    information = open("/proc/cpuinfo").read()
    model = re.search(r"model name\s*:\s*(.*)", information)
    memory = int(re.search(r"MemTotal:\s*(\d+)", open("/proc/meminfo").read())[1]) / 1024**2
    flags = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if f in information]
    version = subprocess.run([infercam, "--version"], capture_output=True, text=True).stdout.strip()
    return [
        f"machine   {model[1] if model else platform.machine()}, {os.cpu_count()} processors, "
        f"{memory:.0f} GiB, {' '.join(flags)}, load {os.getloadavg()[0]:.1f}",
        f"program   {version}, commit {commit()}, BLAS core {blas_core()}",
    ]


def blas_core():
    """The processor whose kernels OpenBLAS has chosen."""
    try:
        library = ctypes.CDLL("libopenblas.so.0")
    except OSError:
        return "unknown"
    library.openblas_get_corename.restype = ctypes.c_char_p
    return library.openblas_get_corename().decode()


def commit():
    """The commit that was built, with a plus for changes beside it."""
    show = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True)
    return show.stdout.strip() or "unknown"
