"""Generate a training or validation set once and keep it as .npy files.

  python dataset.py --out /tmp/surface --split train --count 14000

writes <split>_pixels.npy  uint8 [N, 160, 160, 3]  what the network sees
       <split>_labels.npy  int64 [N]               index into scene.CLASSES
       <split>_cells.npy   bool  [N, 10, 10]       cells of the last map that hold the defect
"""

import argparse
import io
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from preprocess import CELLS, SIDE, crop_to_input, geometry
from scene import CLASSES, render

# Ranges of scene seeds that never meet; samples and test pictures are drawn from the last two.
FIRST_SEED = {"train": 0, "validation": 1_000_000, "test": 2_000_000, "samples": 3_000_000}


def picture_size(rng, smallest, largest, widest=1.3):
  """Random (width, height): short side log-uniform in the bounds, aspect ratio up to `widest`."""
  short = int(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
  long = int(short * rng.uniform(1.0, widest)) if rng.random() < 0.5 else short
  return (short, long) if rng.random() < 0.5 else (long, short)


def through_jpeg(image, quality, subsampling):
  """The picture after a round of JPEG compression."""
  buffer = io.BytesIO()
  image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
  return Image.open(buffer).convert("RGB")


def defect_cells(mask, box):
  """Cells [CELLS, CELLS] that the heatmap's maximum may choose: those that hold much of the damage
  and whose centre lies in the box."""
  (w, h), (left, top) = geometry(mask.shape[1], mask.shape[0])
  shrunk = Image.fromarray(mask.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BILINEAR)
  seen = np.asarray(shrunk.crop((left, top, left + SIDE, top + SIDE)), np.float32)
  cell = SIDE // CELLS
  cover = seen.reshape(CELLS, cell, CELLS, cell).mean(axis=(1, 3))
  scale = w / mask.shape[1]
  centres = (np.arange(CELLS) + 0.5) * cell
  in_x = (centres >= box[0] * scale - left) & (centres < box[2] * scale - left)
  in_y = (centres >= box[1] * scale - top) & (centres < box[3] * scale - top)
  inside = cover * (in_y[:, None] & in_x[None, :])
  return inside >= 0.35 * inside.max() if inside.max() > 0 else cover >= 0.7 * cover.max()


def example(job):
  """(split, i) -> pixels, label, cells of the i-th example. Two neighbours share one scene, so the
  network cannot learn a class from the surface under it."""
  split, i = job
  rng = np.random.default_rng([FIRST_SEED[split] + i, 99])
  label = i % len(CLASSES)
  large = rng.random() < 0.04
  width, height = picture_size(rng, 500, 1000) if large else picture_size(rng, 120, 420)
  scene = render(FIRST_SEED[split] + i // 2, CLASSES[label], width, height)
  image = scene.image
  if rng.random() < 0.75:
    image = through_jpeg(image, int(rng.integers(45, 97)), int(rng.choice([0, 2])))
  cells = np.zeros((CELLS, CELLS), bool)
  if scene.box:
    cells = defect_cells(scene.mask, scene.box)
  return crop_to_input(image), label, cells


def main():
  parser = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument("--out", type=Path, required=True)
  parser.add_argument("--split", choices=["train", "validation"], required=True)
  parser.add_argument("--count", type=int, required=True)
  parser.add_argument("--processes", type=int, default=2)
  args = parser.parse_args()
  args.out.mkdir(parents=True, exist_ok=True)
  pixels = np.zeros((args.count, SIDE, SIDE, 3), np.uint8)
  labels = np.zeros(args.count, np.int64)
  cells = np.zeros((args.count, CELLS, CELLS), bool)
  with Pool(args.processes) as pool:
    jobs = ((args.split, i) for i in range(args.count))
    for i, result in enumerate(pool.imap(example, jobs, chunksize=50)):
      pixels[i], labels[i], cells[i] = result
      if (i + 1) % 1000 == 0:
        print(f"{i + 1} of {args.count}", flush=True)
  np.save(args.out / f"{args.split}_pixels.npy", pixels)
  np.save(args.out / f"{args.split}_labels.npy", labels)
  np.save(args.out / f"{args.split}_cells.npy", cells)


if __name__ == "__main__":
  main()
