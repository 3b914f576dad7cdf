"""Random fields and soft steps, the raw material of textures and defects.

Arrays are float32 of shape [H, W]. "Units": 1 unit = the short side of the picture; `cell` sizes
given to the noise functions are in pixels.
"""

import math

import numpy as np
from PIL import Image


def smoothstep(lo, hi, x):
  """0 below `lo`, 1 above `hi`, a cubic blend between."""
  t = np.clip((x - lo) / (hi - lo), 0.0, 1.0)
  return t * t * (3.0 - 2.0 * t)


def noise(rng, width, height, cell_u, cell_v=None, angle=0.0):
  """Smooth noise [H, W] of about zero mean and unit deviation.

  `cell_u`, `cell_v`: feature size in pixels along the two axes, which are turned by `angle`
  (radians). A cell below one pixel is what the camera averages away: one pixel wide and weaker.
  """
  cell_v = cell_u if cell_v is None else cell_v
  gain = min(1.0, cell_u) * min(1.0, cell_v)
  cell_u, cell_v = max(1.0, cell_u), max(1.0, cell_v)
  if cell_u <= 1.0 and cell_v <= 1.0:
    return rng.standard_normal((height, width), dtype=np.float32) * gain
  c, s = math.cos(angle), math.sin(angle)
  span_u = abs(c) * width + abs(s) * height
  span_v = abs(s) * width + abs(c) * height
  grid_w, grid_h = math.ceil(span_u / cell_u) + 6, math.ceil(span_v / cell_v) + 6
  grid = Image.fromarray(rng.standard_normal((grid_h, grid_w), dtype=np.float32))
  # Output pixel (x, y) reads the grid at (a x + b y + c0, d x + e y + f0).
  a, b, d, e = c / cell_u, s / cell_u, -s / cell_v, c / cell_v
  c0 = grid_w / 2 - (a * width + b * height) / 2
  f0 = grid_h / 2 - (d * width + e * height) / 2
  field = grid.transform((width, height), Image.Transform.AFFINE, (a, b, c0, d, e, f0),
                         resample=Image.Resampling.BICUBIC)
  return np.asarray(field) * np.float32(gain * 1.35)


def fractal(rng, width, height, cell, octaves, gain=0.5, angle=0.0, stretch=1.0):
  """Sum of `octaves` noises, each half as large and `gain` times as strong; unit deviation.

  `cell`: size of the largest features in pixels; `stretch` > 1 draws them out along `angle`.
  """
  total = np.zeros((height, width), np.float32)
  weight, power = 1.0, 0.0
  for _ in range(octaves):
    total += weight * noise(rng, width, height, cell * stretch, cell, angle)
    power += weight * weight
    cell, weight = cell / 2, weight * gain
    if cell < 0.5:
      break
  return total / np.float32(math.sqrt(power))


def coordinates(width, height):
  """x, y of pixel centres in units, (0, 0) = the middle; shapes [1, W] and [H, 1].

  The central square that the classifier sees is |x| <= 0.5, |y| <= 0.5.
  """
  side = min(width, height)
  x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / side
  y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / side
  return x[None, :], y[:, None]


def rotated(width, height, angle):
  """The same coordinates turned by `angle`: u, v of shape [H, W]."""
  x, y = coordinates(width, height)
  c, s = math.cos(angle), math.sin(angle)
  return (c * x + s * y).astype(np.float32), (c * y - s * x).astype(np.float32)
