"""Measure the exported model on unseen pictures, from image files on disk.

  python evaluate.py --model ../1/model.onnx --files /tmp/surface-test --count 1000

Draws the test pictures (once) into --files as JPEG, PNG, TIFF and BMP of many sizes, then reads
them back with Pillow, runs the ONNX model with ONNX Runtime and prints Markdown tables:

top-1           share of pictures whose most probable class is the true one
pointing game   share of defects where the maximum of the Grad-CAM heatmap lies inside the tight
                box of the defect, in pixels of the picture, without any dilation. Heatmap: ReLU of
                the pooled feature map weighted by the class's gradients, bilinear to 160 x 160.
                "true class": for the labelled class, over all defects. "top-1": for the predicted
                class, over all defects; a wrong prediction counts as a miss.
on the damage   stricter: the maximum lies within half a cell (8 input pixels) of a damaged pixel
"""

import argparse
import json
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from PIL import Image

from dataset import FIRST_SEED, picture_size
from preprocess import CELLS, SIDE, geometry, load, normalise
from scene import CLASSES, render


def draw_test_picture(job):
  """(folder, i) -> truth of test picture i, which is saved in the folder with its mask."""
  folder, i = job
  seed = FIRST_SEED["test"] + i
  rng = np.random.default_rng([seed, 99])
  width, height = picture_size(rng, 120, 1600, widest=1.8)
  scene = render(seed, CLASSES[i % len(CLASSES)], width, height)
  kind = rng.choice(["jpg", "png", "tif", "bmp"], p=[0.7, 0.1, 0.1, 0.1])
  path = folder / f"{i:05d}.{kind}"
  options = {"quality": int(rng.integers(50, 96))} if kind == "jpg" else {}
  scene.image.save(path, **options)
  Image.fromarray(scene.mask).save(folder / f"{i:05d}-mask.png")
  return {"file": path.name, "label": scene.label, "texture": scene.texture, "box": scene.box,
          "size": [width, height]}


def test_pictures(folder, count):
  """Truth of `count` test pictures, drawn now unless the folder already holds them."""
  index = folder / "truth.jsonl"
  if not index.exists():
    folder.mkdir(parents=True, exist_ok=True)
    with Pool(2) as pool:
      rows = pool.map(draw_test_picture, [(folder, i) for i in range(count)], chunksize=10)
    index.write_text("".join(json.dumps(row) + "\n" for row in rows))
  rows = [json.loads(line) for line in index.read_text().splitlines()]
  if len(rows) < count:
    raise SystemExit(f"{folder} holds {len(rows)} pictures; name an empty folder for {count}")
  return rows[:count]


class Explainer:
  """The ONNX model with its last feature map exposed."""

  def __init__(self, path):
    model = onnx.load(path)
    weights = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    pool = next(node for node in model.graph.node if node.op_type == "GlobalAveragePool")
    self.head = weights[gemm.input[1]]  # [classes, channels]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(pool.input[0]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    self.session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                providers=["CPUExecutionProvider"])

  def __call__(self, pixels):
    """uint8 [N, SIDE, SIDE, 3] -> logits [N, classes], features [N, channels, h, w]."""
    return self.session.run(None, {"input": normalise(pixels)})

  def heatmap(self, features, k):
    """Grad-CAM of class k from features [channels, h, w] -> [SIDE, SIDE]. The gradient of a logit
    behind average pooling and a linear layer is head[k, channel] / (h w) everywhere."""
    cam = np.maximum(np.tensordot(self.head[k], features, 1) / features[0].size, 0)
    grown = Image.fromarray(cam.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(grown)


def peak(heatmap, size):
  """Maximum of a heatmap [SIDE, SIDE] as (x, y) in pixels of the upright picture; None if none."""
  if heatmap.max() <= 0:
    return None
  row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
  (w, h), (left, top) = geometry(*size)
  return (column + 0.5 + left) * size[0] / w, (row + 0.5 + top) * size[1] / h


def in_box(point, box):
  return bool(point is not None and box[0] <= point[0] < box[2] and box[1] <= point[1] < box[3])


def near_damage(point, mask, reach):
  """True when a damaged pixel of `mask` [H, W] lies within `reach` pixels of the point."""
  if point is None:
    return False
  x, y = int(point[0]), int(point[1])
  r = int(np.ceil(reach))
  rows, columns = np.nonzero(mask[max(0, y - r):y + r + 1, max(0, x - r):x + r + 1])
  dx, dy = columns + max(0, x - r) + 0.5 - point[0], rows + max(0, y - r) + 0.5 - point[1]
  return bool((dx * dx + dy * dy <= reach * reach).any())


def judge(explainer, folder, row):
  """Everything the tables need to know about one test picture."""
  pixels, size = load(folder / row["file"])
  assert list(size) == row["size"]
  logits, features = explainer(pixels[None])
  true, found = CLASSES.index(row["label"]), int(logits[0].argmax())
  verdict = {**row, "found": CLASSES[found], "right": found == true}
  if row["box"]:
    point = peak(explainer.heatmap(features[0], true), size)
    mask = np.asarray(Image.open(folder / (row["file"].split(".")[0] + "-mask.png")))
    verdict["points"] = in_box(point, row["box"])
    verdict["points_top1"] = verdict["right"] and verdict["points"]
    verdict["on_damage"] = near_damage(point, mask, 0.5 * min(size) / CELLS)
    x0, y0, x1, y1 = row["box"]
    verdict["chance"] = (x1 - x0) * (y1 - y0) / min(size) ** 2
  return verdict


def percent(values):
  values = list(values)
  return f"{100 * sum(values) / len(values):.1f} %" if values else "-"


def report(verdicts):
  """Print the figures as Markdown."""
  print("| class | n | top-1 | pointing game, true class | pointing game, top-1 | on the damage "
        "| box / view |")
  print("|---|---|---|---|---|---|---|")
  for name in CLASSES + ["all"]:
    rows = [v for v in verdicts if name in ("all", v["label"])]
    boxed = [v for v in rows if v["box"]]
    print(f"| {name} | {len(rows)} | {percent(v['right'] for v in rows)} "
          + "".join(f"| {percent(v[key] for v in boxed)} "
                    for key in ("points", "points_top1", "on_damage", "chance")) + "|")
  print("\n| truth, found → | " + " | ".join(CLASSES) + " |\n|---|" + "---|" * len(CLASSES))
  for name in CLASSES:
    found = Counter(v["found"] for v in verdicts if v["label"] == name)
    print(f"| {name} | " + " | ".join(str(found[other]) for other in CLASSES) + " |")

  def groups(title, key):
    print(f"\n| {title} | n | top-1 | pointing game, true class |\n|---|---|---|---|")
    for value in sorted({key(v) for v in verdicts}):
      rows = [v for v in verdicts if key(v) == value]
      print(f"| {value} | {len(rows)} | {percent(v['right'] for v in rows)} "
            f"| {percent(v['points'] for v in rows if v['box'])} |")
  groups("texture", lambda v: v["texture"])
  groups("format", lambda v: v["file"].split(".")[1])
  groups("short side", lambda v: next(name for limit, name in (
    (240, "120-239 px"), (480, "240-479 px"), (960, "480-959 px"), (9999, "960-1599 px"))
    if min(v["size"]) < limit))


def torch_top1(checkpoint, folder, rows):
  """Top-1 of the PyTorch network itself on the same files."""
  import torch
  from network import SurfaceNet
  network = SurfaceNet(len(CLASSES))
  network.load_state_dict(torch.load(checkpoint, weights_only=True))
  network.eval()
  right = 0
  with torch.no_grad():
    for row in rows:
      x = torch.from_numpy(normalise(load(folder / row["file"])[0][None]))
      right += CLASSES[int(network(x).argmax())] == row["label"]
  return right / len(rows)


def main():
  parser = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument("--model", type=Path, required=True)
  parser.add_argument("--files", type=Path, required=True, help="folder of the test pictures")
  parser.add_argument("--count", type=int, default=1000)
  parser.add_argument("--checkpoint", type=Path, help="PyTorch weights, to measure top-1 there too")
  parser.add_argument("--verdicts", type=Path, help="write one JSON line per picture here")
  args = parser.parse_args()
  rows = test_pictures(args.files, args.count)
  explainer = Explainer(args.model)
  verdicts = [judge(explainer, args.files, row) for row in rows]
  report(verdicts)
  if args.checkpoint:
    top1 = torch_top1(args.checkpoint, args.files, rows)
    print(f"\nPyTorch top-1 on the same files: {100 * top1:.1f} %")
  if args.verdicts:
    args.verdicts.write_text("".join(json.dumps(v) + "\n" for v in verdicts))


if __name__ == "__main__":
  main()
