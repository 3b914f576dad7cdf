"""Train the classifier on the generated set and write a version of the model repository.

  python train.py --data /tmp/surface --out ../1

Besides the class, the network is told where the damage is: a second loss asks that the class's
map (the one Grad-CAM shows) has its mass on the cells that hold the defect.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch.nn import functional

from export import write_version
from network import SurfaceNet
from preprocess import CELLS, MEAN, STD, normalise
from scene import CLASSES


def augment(pixels, cells, generator):
  """Flip, turn and re-expose one batch; pixels uint8 [N, S, S, 3] -> float32 [N, 3, S, S]."""
  x = pixels.permute(0, 3, 1, 2).float().div_(255)
  draw = torch.rand(3, generator=generator)
  if draw[0] < 0.5:
    x, cells = x.flip(3), cells.flip(2)
  if draw[1] < 0.5:
    x, cells = x.flip(2), cells.flip(1)
  if draw[2] < 0.5:
    x, cells = x.transpose(2, 3), cells.transpose(1, 2)
  n = len(x)
  gain = torch.empty(n, 1, 1, 1).uniform_(0.75, 1.3, generator=generator)
  gain = gain * torch.empty(n, 3, 1, 1).uniform_(0.93, 1.07, generator=generator)
  grey = torch.rand(n, 1, 1, 1, generator=generator) < 0.1
  x = torch.where(grey, x.mean(dim=1, keepdim=True), x)
  x = (x * gain).clamp_(0, 1)
  return ((x - MEAN) / STD).contiguous(memory_format=torch.channels_last), cells


def localisation_loss(network, features, labels, cells):
  """-log of the share of the true class's map (softmax over cells) that lies on the damage."""
  damaged = cells.flatten(1).any(dim=1)
  maps = network.class_maps(features[damaged])
  chosen = maps[torch.arange(len(maps)), labels[damaged]].flatten(1)
  share = functional.log_softmax(chosen * 0.5, dim=1)
  on_defect = share.masked_fill(~cells[damaged].flatten(1), float("-inf"))
  return -torch.logsumexp(on_defect, dim=1).mean()


@torch.no_grad()
def validate(network, pixels, labels, cells):
  """Top-1 and the share of defects whose map peaks on a damaged cell."""
  network.eval()
  right, hits, defects = 0, 0, 0
  for i in range(0, len(labels), 100):
    x = torch.from_numpy(normalise(pixels[i:i + 100]))
    y, wanted = torch.from_numpy(labels[i:i + 100]), torch.from_numpy(cells[i:i + 100]).flatten(1)
    features = network.features(x)
    logits = network.head(features.mean(dim=(2, 3)))
    right += int((logits.argmax(dim=1) == y).sum())
    peak = network.class_maps(features)[torch.arange(len(y)), y].flatten(1).argmax(dim=1)
    damaged = wanted.any(dim=1)
    hits += int(wanted[torch.arange(len(y)), peak][damaged].sum())
    defects += int(damaged.sum())
  return right / len(labels), hits / defects


def main():
  parser = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument("--data", type=Path, required=True)
  parser.add_argument("--out", type=Path, required=True, help="folder of the model version")
  parser.add_argument("--checkpoint", type=Path, help="also keep the PyTorch weights here")
  parser.add_argument("--epochs", type=int, default=14)
  parser.add_argument("--batch", type=int, default=64)
  parser.add_argument("--rate", type=float, default=3e-3)
  parser.add_argument("--localisation", type=float, default=0.15, help="weight of the second loss")
  parser.add_argument("--seed", type=int, default=7)
  parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True,
                      help="convolve in bfloat16 while training (faster where the CPU can)")
  parser.add_argument("--threads", type=int, default=2)
  args = parser.parse_args()
  torch.manual_seed(args.seed)
  torch.set_num_threads(args.threads)
  generator = torch.Generator().manual_seed(args.seed)

  def read(split):
    return [np.load(args.data / f"{split}_{part}.npy") for part in ("pixels", "labels", "cells")]
  pixels, labels, cells = (torch.from_numpy(part) for part in read("train"))
  held_out = read("validation")
  assert cells.shape[1:] == (CELLS, CELLS)

  network = SurfaceNet(len(CLASSES)).to(memory_format=torch.channels_last)
  print(f"{sum(p.numel() for p in network.parameters())} parameters, {len(labels)} examples")
  optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
  steps = args.epochs * (len(labels) // args.batch)
  schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, total_steps=steps,
                                                 pct_start=0.15)
  start = time.monotonic()
  for epoch in range(args.epochs):
    network.train()
    order = torch.randperm(len(labels), generator=generator)
    totals = torch.zeros(2)
    for k in range(len(labels) // args.batch):
      rows = order[k * args.batch:(k + 1) * args.batch]
      x, where = augment(pixels[rows], cells[rows], generator)
      y = labels[rows]
      with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16):
        features = network.features(x)
      features = features.float()
      logits = network.head(features.mean(dim=(2, 3)))
      loss = functional.cross_entropy(logits, y, label_smoothing=0.02)
      place = localisation_loss(network, features, y, where)
      optimiser.zero_grad(set_to_none=True)
      (loss + args.localisation * place).backward()
      optimiser.step()
      schedule.step()
      totals += torch.tensor([loss.item(), place.item()])
      if k == 20 and epoch == 0:
        print(f"{21 * args.batch / (time.monotonic() - start):.0f} images/s", flush=True)
    top1, peaks = validate(network, *held_out)
    mean = totals / (len(labels) // args.batch)
    print(f"epoch {epoch + 1}: loss {mean[0]:.4f} place {mean[1]:.4f} "
          f"validation top-1 {top1:.4f} peak on defect {peaks:.4f} "
          f"({time.monotonic() - start:.0f} s)", flush=True)
    if args.checkpoint:
      torch.save(network.state_dict(), args.checkpoint)

  network.eval()
  write_version(network, args.out)
  session = onnxruntime.InferenceSession(str(args.out / "model.onnx"),
                                         providers=["CPUExecutionProvider"])
  x = normalise(held_out[0][:200])
  with torch.no_grad():
    expected = network(torch.from_numpy(x)).numpy()
  difference = np.abs(session.run(["logits"], {"input": x})[0] - expected).max()
  print(f"ONNX against PyTorch: largest difference of a logit {difference:.2e}")
  assert difference < 1e-3


if __name__ == "__main__":
  main()
