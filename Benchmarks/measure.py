#!/usr/bin/env python3
"""Measures the program beside other engines on this machine and prints ratios; `make bench` calls it.

Every comparison alternates between the sides in one run, so that whatever else the machine does meets
all of them; the figures are the best windows of each.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import machine
from program import Program, timed, variants

FOLDER = pathlib.Path(__file__).resolve().parent
# The networks whose geometric mean counts, and transformers beside them.
NETWORKS = {
    "squeezenet1_1": "SqueezeNet 1.1",
    "mobilenet_v2": "MobileNetV2",
    "efficientnet_b0": "EfficientNet-B0",
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "densenet121": "DenseNet-121",
    "vgg11_bn": "VGG-11-BN",
    "convnext_tiny": "ConvNeXt-Tiny",
}
OTHERS = {"vit_b_16": "ViT-B/16", "swin_t": "Swin-T"}
SECTIONS = ["forward", "bf16", "cam", "workers", "pipeline", "cold", "memory"]


class Peer:
    """Another engine with one network, ready in a process of its own."""

    def __init__(self, engine, model, batch, threads):
        command = [sys.executable, FOLDER / "peer.py", engine, model, str(batch), str(threads)]
        self.engine = engine
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.version = json.loads(self.process.stdout.readline())["version"]

    def windows(self, seconds):
        print(seconds, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def table(title, header, rows):
    """Prints one table in the form in which docs/performance.md has it."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()


def rate(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


class Bench:
    def __init__(self, options):
        self.options = options
        self.program = Program(options.infercam)
        self.work = pathlib.Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.shared = pathlib.Path(options.shared)
        self.seconds = 1 if options.quick else 2
        self.rounds = 2 if options.quick else 4
        self.scratch = None

    # Models

    def model(self, name):
        """The filled network, or None with a message where its graph is absent."""
        target = self.work / "models" / f"{name}.onnx"
        if target.exists():
            return target
        source = self.shared / "bench" / "skeletons" / f"{name}.onnx"
        if not source.exists():
            print(f"skipped {name}: no {source} (SHARED=FOLDER names another folder)", file=sys.stderr)
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        # In a process of its own: this one's memory counts in what it measures.
        subprocess.run([sys.executable, FOLDER / "skeletons.py", source, target], check=True)
        return target

    def photos(self, folder):
        path = self.shared / "photos" / folder
        if not path.is_dir():
            print(f"skipped: no {path} (SHARED=FOLDER names another folder)", file=sys.stderr)
            return None
        return path

    def networks(self, names):
        wanted = self.options.models
        return [n for n in names if not wanted or n in wanted]

    # Forward passes beside other engines

    def compare(self, name, engines, flags=()):
        """The best images per second of the program and of each engine, and the engines' versions."""
        model = self.model(name)
        if model is None:
            return None
        options = self.options
        peers = [Peer(engine, model, options.batch, options.workers) for engine in engines]
        best = dict.fromkeys(["infercam", *engines], 0)
        try:
            for _ in range(self.rounds):
                mine = self.program.bench(model, options.batch, options.workers, self.seconds, *flags)
                best["infercam"] = max(best["infercam"], mine["images_per_s"]["best"])
                for peer in peers:
                    best[peer.engine] = max(best[peer.engine], *peer.windows(self.seconds))
        finally:
            for peer in peers:
                peer.close()
        self.versions = {peer.engine: peer.version for peer in peers}
        return best

    def comparison(self, title, engines, names, flags=()):
        rows, ratios = [], []
        for name in self.networks(names):
            best = self.compare(name, engines, flags)
            if best is None:
                continue
            ratio = best["infercam"] / max(best[engine] for engine in engines)
            if name in NETWORKS:
                ratios.append(ratio)
            title_of = NETWORKS.get(name) or OTHERS[name]
            rows.append([title_of, *(rate(best[e]) for e in ["infercam", *engines]), f"{ratio:.2f}"])
            print(f"{title_of}: {ratio:.2f}", file=sys.stderr, flush=True)
        if not rows:
            return
        header = ["network", "infercam", *(f"{e} {self.versions[e]}" for e in engines), "ratio to the better"]
        table(title, header, rows)
        if ratios:
            mean = statistics.geometric_mean(ratios)
            print(f"\nGeometric mean {mean:.2f}, lowest {min(ratios):.2f} ({len(ratios)} networks).")

    def forward(self):
        settings = f"float32, batch {self.options.batch}, {self.options.workers} workers, images per second"
        self.comparison(f"Forward pass: {settings}", ["onnxruntime", "openvino"], [*NETWORKS, *OTHERS])

    def bf16(self):
        if not machine.has_bf16():
            print("skipped bf16: this processor does not multiply pairs of bf16", file=sys.stderr)
            return
        if not self.program.supports("--precision"):
            print("skipped bf16: the program has no --precision", file=sys.stderr)
            return
        settings = f"bf16, batch {self.options.batch}, {self.options.workers} workers, images per second"
        self.comparison(
            f"Forward pass: {settings}", ["openvino-bf16"], [*NETWORKS, *OTHERS], ["--precision", "bf16"]
        )

    # The program against itself

    def paired(self, model, first, second):
        """The best rates of two sets of (workers, flags), measured in turns."""
        best = [0, 0]
        for _ in range(self.rounds):
            for index, (workers, flags) in enumerate((first, second)):
                report = self.program.bench(model, self.options.batch, workers, self.seconds, *flags)
                best[index] = max(best[index], report["images_per_s"]["best"])
        return best

    def cam(self):
        rows = []
        for name in self.networks(NETWORKS):
            model, workers = self.model(name), self.options.workers
            if model is None:
                continue
            plain, explained = self.paired(model, (workers, []), (workers, ["--heatmap", "npy"]))
            rows.append([NETWORKS[name], rate(plain), rate(explained), f"{explained / plain:.3f}"])
        if rows:
            table(
                "Grad-CAM of the last layer, images per second",
                ["network", "forward", "with Grad-CAM", "ratio"],
                rows,
            )

    def workers(self):
        rows = []
        for name in self.networks(["mobilenet_v2", "resnet50"]):
            model = self.model(name)
            if model is None:
                continue
            one, all_of_them = self.paired(model, (1, []), (self.options.workers, []))
            row = [NETWORKS[name], rate(one), rate(all_of_them), f"{all_of_them / one:.2f}"]
            single = self.program.bench(model, 1, 1, self.seconds)["latency_ms"]["p50"]
            rows.append([*row, f"{single:.2f}"])
        if rows:
            table(
                "Scaling, images per second",
                ["network", "1 worker", f"{self.options.workers} workers", "ratio", "one image, 1 worker, ms"],
                rows,
            )

    # Whole processes

    def run(self, folder, model, *flags):
        """Images per second and peak MiB of a whole `run` process."""
        count = sum(1 for _ in pathlib.Path(folder).iterdir())
        output = self.folder() / "run"
        words = ["run", folder, "-o", output, "-m", model, "-j", self.options.workers, "-q", *flags]
        seconds, memory = self.program.timed(*words)
        return count / seconds, memory

    def folder(self):
        """A new folder, there until the end of the section.

        A filesystem looks for room beside what was deleted in the last minutes (ext4 tests inode after
        inode), which a run behind a deletion would pay for: up to a fifth of its time.
        """
        return pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

    def torch(self, folder, arch):
        """The same for the pipeline of PyTorch and pytorch-grad-cam; None where those are absent."""
        script = self.shared / "bench" / "pipeline_torch.py"
        python = self.options.torch
        needed = "import torch, torchvision, pytorch_grad_cam, cv2"
        if not script.exists() or not python:
            return None
        if subprocess.run([python, "-c", needed], capture_output=True).returncode != 0:
            return None
        command = [python, script, folder, self.folder(), "--arch", arch, "--workers", self.options.workers]
        report = json.loads(timed(command)[2].strip().splitlines()[-1])
        return report["images_per_s"], report["peak_rss_mb"]

    def pipeline(self):
        # The other pipeline draws over the model's input; overlays of the photo's own size cost more.
        own, small = (), ("--resolution", "model")
        many = 252 if self.options.quick else 1008
        rows = []
        for name, folder, count, settings in [
            ("mobilenet_v2", "imagenet", many, [own, small]),
            ("resnet50", "imagenet", many, [own, small]),
            ("mobilenet_v2", "large", None, [own, small, small + ("--decode", "fast")]),
            ("mobilenet_v2", "large", 24, [small, small + ("--decode", "fast")]),
        ]:
            model, photos = self.model(name), self.photos(folder)
            if model is None or photos is None:
                continue
            if count:
                photos = variants(photos, count, self.folder() / "photos")
            title = f"{count or ''} {folder}".strip()
            rows += self.pipelines(name, title, photos, model, settings, 2 if count else self.rounds)
        if rows:
            table(
                "Photos to JSON and overlays, whole process, images per second",
                ["network", "photos", "infercam", "peak MiB", "PyTorch (without its start)", "peak MiB", "ratio"],
                rows,
            )
            if not self.options.torch:
                print("\nTORCH=PYTHON names an interpreter with torch, torchvision and grad-cam to compare with.")

    def pipelines(self, name, folder, photos, model, settings, rounds):
        """A row for each of the settings: the best of the program's runs beside the best of the other's."""
        mine, others = {flags: [] for flags in settings}, []
        for _ in range(rounds):
            for flags in settings:
                mine[flags].append(self.run(photos, model, "--overlay", *flags))
            others.append(self.torch(photos, name))
        other = max(filter(None, others), default=None)
        rows = []
        for flags, runs in mine.items():
            speed, memory = max(runs)[0], max(m for _, m in runs)
            row = [NETWORKS[name], " ".join((folder, *flags)), rate(speed), f"{memory:.0f}"]
            beside = [rate(other[0]), f"{other[1]}", f"{speed / other[0]:.1f}"] if other else ["-"] * 3
            rows.append(row + beside)
        return rows

    def cold(self):
        model, photos = self.model("squeezenet1_1"), self.photos("imagenet")
        if model is None or photos is None:
            return
        photo = sorted(photos.iterdir())[0]
        rows = []
        for title, flags in [("`infer`", []), ("with a heatmap", ["--heatmap", "png", "-o", self.work / "infer"])]:
            runs = [
                self.program.timed("infer", photo, "-m", model, "--json", "-q", *flags)
                for _ in range(20 if not self.options.quick else 8)
            ]
            times = sorted(seconds * 1000 for seconds, _ in runs)
            memory = max(m for _, m in runs)
            rows.append([title, f"{times[0]:.0f}", f"{statistics.median(times):.0f}", f"{memory:.0f}"])
        table("One photo, SqueezeNet 1.1, new process", ["", "best ms", "median ms", "peak MiB"], rows)

    def memory(self):
        model, photos = self.model("mobilenet_v2"), self.photos("imagenet")
        if model is None or photos is None:
            return
        rows = []
        for count in [1000, 4000] if self.options.quick else [1000, 20000]:
            different = variants(photos, count, self.folder() / "photos")
            speed, memory = self.run(different, model)
            rows.append([f"{count:,}", rate(speed), f"{memory:.0f}"])
        table(
            "`run` with heatmaps over photos that are all different, MobileNetV2",
            ["photos", "images per second", "peak MiB"],
            rows,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("infercam", help="the built program")
    parser.add_argument("--shared", required=True, help="holds bench/skeletons and photos")
    parser.add_argument("--work", required=True, help="for filled networks and outputs")
    parser.add_argument("--torch", default="", help="a Python with torch, torchvision, grad-cam")
    parser.add_argument("--sections", default="", help=f"some of {','.join(SECTIONS)} [all]")
    parser.add_argument("--models", default="", help="some networks by the names of their graphs [all]")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a third of the time")
    options = parser.parse_args()
    options.sections = [s for s in options.sections.split(",") if s] or SECTIONS
    options.models = [m for m in options.models.split(",") if m]
    for section in options.sections:
        if section not in SECTIONS:
            parser.error(f"no section {section}: {', '.join(SECTIONS)}")
    print("\n".join(machine.describe(options.infercam)), flush=True)
    bench = Bench(options)
    for section in options.sections:
        print(f"{section} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=bench.work) as bench.scratch:
            getattr(bench, section)()


main()
