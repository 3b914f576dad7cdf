"""A whole picture: material, damage, light, lens and sensor."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from defects import DEFECTS
from noise import noise, rotated, smoothstep
from textures import TEXTURES, specks

CLASSES = ["clean", "crack", "scratch", "stain", "hole"]


@dataclass
class Scene:
  """image: RGB picture; mask: [H, W] bool, damaged pixels; box: (x0, y0, x1, y1) pixels, x1 and y1
  exclusive, or None when clean."""
  image: Image.Image
  label: str
  texture: str
  mask: np.ndarray
  box: tuple | None


def bounding_box(mask):
  """Tight box (x0, y0, x1, y1), end exclusive, of a boolean mask [H, W]; None when it is empty."""
  xs, ys = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
  if len(xs) == 0:
    return None
  return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


def light(rng, surface):
  """Lit colours [H, W, 3]: slanting lamp, uneven field, at times a cast shadow or a sheen."""
  height, width = surface.height.shape
  side = min(width, height)
  slope_y, slope_x = np.gradient(surface.height * np.float32(side))
  azimuth = rng.uniform(0, 2 * math.pi)
  relief = slope_x * math.cos(azimuth) + slope_y * math.sin(azimuth)
  shade = np.clip(1.0 + rng.uniform(0.45, 0.95) * relief, 0.25, 1.8)
  u, v = rotated(width, height, rng.uniform(0, 2 * math.pi))
  shade *= 1.0 + rng.uniform(0.0, 0.35) * u
  cx, cy = rng.uniform(-0.5, 0.5, 2)
  shade *= 1.0 - rng.uniform(0.0, 0.3) * np.clip((u - cx) ** 2 + (v - cy) ** 2, 0, 1.5)
  if rng.random() < 0.2:  # the soft shadow of something out of view
    soft = rng.uniform(0.02, 0.12)
    shade *= 1.0 - rng.uniform(0.15, 0.4) * smoothstep(-soft, soft, v - rng.uniform(-0.4, 0.4))
  lit = surface.albedo * shade[..., None]
  if rng.random() < 0.2:  # broad reflection of the lamp
    sheen = np.exp(-((u - cx) ** 2 + (v - cy) ** 2) / rng.uniform(0.03, 0.15))
    lit += np.float32(rng.uniform(0.04, 0.14)) * sheen[..., None]
  return lit


def photograph(rng, lit, fine=1.0):
  """Expose, blur a little, add sensor noise -> 8-bit RGB image. `fine` scales noise and blur."""
  height, width, _ = lit.shape
  lit *= np.float32(np.clip(rng.uniform(0.42, 0.62) / max(float(lit.mean()), 0.05), 0.75, 1.5))
  lit *= (1.0 + rng.uniform(-0.035, 0.035, 3)).astype(np.float32)
  np.clip(lit, 0.0, None, out=lit)
  np.power(lit, np.float32(rng.uniform(0.85, 1.15)), out=lit)
  grain = np.float32(rng.uniform(0.004, 0.022) * fine)
  lit += grain * rng.standard_normal((height, width, 1), dtype=np.float32)
  lit += grain * 0.5 * rng.standard_normal((height, width, 3), dtype=np.float32)
  image = Image.fromarray((np.clip(lit, 0, 1) * 255 + 0.5).astype(np.uint8))
  if rng.random() < 0.4:
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8) * fine))
  return image


def render(seed, label, width, height, texture=None, fine=1.0):
  """The picture that `seed` stands for, at `width` x `height` pixels.

  Everything is drawn in units of the short side, so a large picture shows the same things larger
  and in more detail, not more of them. The same seed with another label shows the same surface in
  the same light with other damage.
  """
  rng, damage_rng, camera_rng = (np.random.default_rng([seed, part]) for part in range(3))
  names = list(TEXTURES)
  drawn = names[rng.integers(len(names))]
  texture = texture or drawn
  surface = TEXTURES[texture](rng, width, height)
  if rng.random() < 0.3:
    specks(rng, surface, rng.integers(10, 70), 0.0015, 0.006, dark=rng.random() < 0.7)
  if rng.random() < 0.3:  # uneven ageing
    side = min(width, height)
    surface.albedo *= 1.0 + np.float32(0.05) * noise(rng, width, height, 0.3 * side)[..., None]
  mask = np.zeros((height, width), bool)
  if label != "clean":
    mask = DEFECTS[label](damage_rng, surface)
  image = photograph(camera_rng, light(camera_rng, surface), fine)
  return Scene(image, label, texture, mask, bounding_box(mask))
