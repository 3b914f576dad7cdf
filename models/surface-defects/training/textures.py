"""Undamaged materials. Each function returns a `Surface`, before any light falls on it.

The features that look most like damage belong to the material on purpose (grain, knots, joints,
pores, rivets, seams): they occur in every class, so none of them gives a defect away.
"""

import math
from dataclasses import dataclass

import numpy as np

from noise import coordinates, fractal, noise, rotated, smoothstep


@dataclass
class Surface:
  """albedo: [H, W, 3] float32 reflectance, 0..1; height: [H, W] float32, 1 = the short side."""
  albedo: np.ndarray
  height: np.ndarray


def paint(base, field):
  """Colour `base` (3 values) modulated by 1 + `field` [H, W] -> albedo [H, W, 3]."""
  return np.asarray(base, np.float32) * (1.0 + field[..., None])


def mix(first, second, amount):
  """Blend two colours or albedos by `amount` [H, W] in 0..1 -> [H, W, 3]."""
  amount = amount[..., None]
  return (np.asarray(first, np.float32) * (1.0 - amount)
          + np.asarray(second, np.float32) * amount)


def tinted(rng, level, spread=0.03):
  """A nearly neutral colour of brightness `level`, a little warm or cold."""
  warm = rng.uniform(-spread, spread)
  return level * np.array([1.0 + warm, 1.0 + rng.uniform(-0.2, 0.2) * spread, 1.0 - warm])


def joint(rng, surface, angle, offset, half_width, depth, darkness):
  """Cut a straight joint right across the surface (board edge, formwork line, grout)."""
  height, width = surface.height.shape
  _, v = rotated(width, height, angle)
  half_width = max(half_width, 0.35 / min(width, height))
  profile = 1.0 / (1.0 + ((v - offset) / half_width) ** 4)
  surface.height -= depth * profile
  surface.albedo *= 1.0 - darkness * profile[..., None]


def metal(rng, width, height):
  """Rolled, brushed or cast sheet, sometimes with rivets or a sheet edge."""
  side = min(width, height)
  angle = rng.choice([0.0, math.pi / 2, rng.uniform(0, math.pi)])
  cast = rng.random() < 0.3
  field = 0.05 * fractal(rng, width, height, 0.4 * side, 3)
  relief = np.zeros((height, width), np.float32)
  if cast:
    relief += 0.0007 * fractal(rng, width, height, 0.02 * side, 3, 0.6)
    field += 0.03 * fractal(rng, width, height, 0.01 * side, 2)
  else:
    for _ in range(2):
      grain = rng.uniform(0.002, 0.006) * side
      field += rng.uniform(0.03, 0.07) * noise(rng, width, height, grain * rng.uniform(60, 200),
                                               grain, angle)
  surface = Surface(paint(tinted(rng, rng.uniform(0.42, 0.72), 0.04), field), relief)
  if rng.random() < 0.25:
    joint(rng, surface, rng.choice([0.0, math.pi / 2]), rng.uniform(-0.45, 0.45),
          rng.uniform(0.003, 0.007), 0.006, rng.uniform(0.3, 0.6))
  if rng.random() < 0.3:
    rivets(rng, surface)
  return surface


def rivets(rng, surface):
  """A row of domed heads: round, shaded, and sound."""
  height, width = surface.height.shape
  x, y = coordinates(width, height)
  radius = rng.uniform(0.018, 0.045)
  step = radius * rng.uniform(4, 8)
  vertical = rng.random() < 0.5
  line, phase = rng.uniform(-0.45, 0.45), rng.uniform(0, step)
  for k in range(-12, 13):
    along = k * step + phase
    cx, cy = (line, along) if vertical else (along, line)
    d = np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / radius
    surface.height += 0.45 * radius * np.sqrt(np.clip(1.0 - d * d, 0.0, 1.0))
    surface.albedo *= 1.0 - 0.25 * np.exp(-((d - 1.05) / 0.12) ** 2)[..., None]


def concrete(rng, width, height):
  """Cast concrete: cloudy, sandy, with pinholes and sometimes a formwork line."""
  side = min(width, height)
  field = (0.07 * fractal(rng, width, height, 0.35 * side, 4, 0.6)
           + rng.uniform(0.03, 0.07) * fractal(rng, width, height, 0.012 * side, 3, 0.7))
  relief = 0.0010 * fractal(rng, width, height, 0.02 * side, 4, 0.6)
  surface = Surface(paint(tinted(rng, rng.uniform(0.42, 0.7), 0.05), field), relief)
  specks(rng, surface, rng.integers(0, 60), 0.002, 0.007, dark=True)
  if rng.random() < 0.3:
    joint(rng, surface, rng.choice([0.0, math.pi / 2]) + rng.uniform(-0.05, 0.05),
          rng.uniform(-0.45, 0.45), rng.uniform(0.003, 0.008), 0.006, rng.uniform(0.2, 0.5))
  return surface


def specks(rng, surface, count, smallest, largest, dark):
  """Small round pores or dirt grains, far smaller than a hole; radii in units."""
  height, width = surface.height.shape
  side = min(width, height)
  for _ in range(int(count * max(width, height) / side)):
    radius = rng.uniform(smallest, largest)
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    reach = math.ceil(2 * radius * side) + 1
    x0, x1 = max(0, int(cx) - reach), min(width, int(cx) + reach + 1)
    y0, y1 = max(0, int(cy) - reach), min(height, int(cy) + reach + 1)
    xs = np.arange(x0, x1, dtype=np.float32)[None, :] + 0.5 - np.float32(cx)
    ys = np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5 - np.float32(cy)
    d2 = (xs * xs + ys * ys) / np.float32(max(radius * side, 0.5) ** 2)
    amount = rng.uniform(0.2, 0.6) * min(1.0, radius * side) * np.exp(-d2 * d2)
    patch = surface.albedo[y0:y1, x0:x1]
    if dark:
      patch *= 1.0 - amount[..., None]
    else:
      patch += (0.9 - patch) * amount[..., None]


def wood(rng, width, height):
  """Sawn boards: growth rings drawn out into grain, fibres, knots, board joints."""
  side = min(width, height)
  angle = rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.06)
  along, across = rotated(width, height, angle)
  bend = 0.035 * noise(rng, width, height, 0.9 * side, 0.25 * side, angle)
  knots = []
  for _ in range(rng.choice([0, 0, 1, 2])):
    knots.append((rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), rng.uniform(0.025, 0.06)))
  for ku, kv, radius in knots:  # the grain flows round a knot
    du, dv = (along - ku) / (4 * radius), across - kv
    bend += 1.2 * radius * np.tanh(dv / radius) * np.exp(-du * du - (dv / (5 * radius)) ** 2)
  rings = rng.uniform(5, 16)
  ring = 0.5 + 0.5 * np.sin(2 * math.pi * rings * (across - bend))
  ring = ring ** rng.uniform(1.0, 3.0)
  fibre = noise(rng, width, height, 0.25 * side, 0.004 * side, angle)
  light = np.array([0.74, 0.60 + rng.uniform(-0.04, 0.01), 0.45 + rng.uniform(-0.07, 0.07)])
  light *= rng.uniform(0.72, 1.1)
  dark = light * rng.uniform(0.62, 0.85) * np.array([1.0, 0.95, 0.88])
  albedo = mix(light, dark, np.clip(ring + 0.15 * fibre, 0, 1))
  albedo *= 1.0 + (0.04 * fibre)[..., None]
  relief = 0.0004 * fibre
  for ku, kv, radius in knots:
    d = np.sqrt(((along - ku) / (1.3 * radius)) ** 2 + ((across - kv) / radius) ** 2)
    d = d + 0.08 * noise(rng, width, height, 0.05 * side)
    inside = 1.0 - smoothstep(0.75, 1.1, d)
    colour = dark * (0.62 + 0.14 * np.sin(d * rng.uniform(12, 20)))[..., None]
    albedo = albedo * (1 - inside[..., None]) + colour * inside[..., None]
  surface = Surface(albedo.astype(np.float32), relief.astype(np.float32))
  if rng.random() < 0.4:
    gap, at = rng.uniform(0.25, 0.6), rng.uniform(-0.4, 0.4)
    for k in (-3, -2, -1, 0, 1, 2, 3):
      joint(rng, surface, angle, at + k * gap, rng.uniform(0.003, 0.006), 0.006, 0.6)
  return surface


def fabric(rng, width, height):
  """Plain weave or twill, one or two colours, sometimes with stripes or a stitched seam."""
  side = min(width, height)
  angle = rng.uniform(0, math.pi)
  threads = min(rng.uniform(22, 60), side / 3.2)  # per unit; never finer than the pixels carry
  wobble = rng.uniform(0.1, 0.4)
  u, v = rotated(width, height, angle)
  u = threads * u + wobble * noise(rng, width, height, 0.2 * side)
  v = threads * v + wobble * noise(rng, width, height, 0.2 * side)
  iu, iv = np.floor(u), np.floor(v)
  over = ((iu + iv) % 2 if rng.random() < 0.6 else ((iu + 2 * iv) % 4 < 2)).astype(bool)
  weft, warp = np.abs(np.sin(math.pi * v)), np.abs(np.sin(math.pi * u))
  crown = np.where(over, warp * (0.6 + 0.4 * weft), weft * (0.6 + 0.4 * warp)).astype(np.float32)
  base = np.clip(rng.uniform(0.3, 0.75) * (1 + rng.uniform(-0.25, 0.25, 3)), 0.26, 0.85)
  other = np.clip(base * rng.uniform(0.8, 1.2, 3), 0.26, 0.85) if rng.random() < 0.5 else base
  albedo = mix(base, other, over.astype(np.float32)) * (0.62 + 0.42 * crown)[..., None]
  yarn = noise(rng, width, height, 0.3 * side, side / threads, angle)
  albedo *= 1.0 + (0.05 * yarn + 0.03 * noise(rng, width, height, 1))[..., None]
  if rng.random() < 0.25:
    period, phase = rng.uniform(6, 16), rng.uniform(0, 6.28)
    stripes = smoothstep(0.2, 0.5, np.sin(2 * math.pi * v / period + phase))
    albedo *= 1.0 - rng.uniform(0.1, 0.3) * stripes[..., None]
  surface = Surface(albedo.astype(np.float32), crown * np.float32(0.12 / threads))
  if rng.random() < 0.2:
    seam(rng, surface)
  return surface


def seam(rng, surface):
  """A double stitched seam right across the cloth."""
  height, width = surface.height.shape
  u, v = rotated(width, height, rng.uniform(0, math.pi))
  at, pitch = rng.uniform(-0.4, 0.4), rng.uniform(0.025, 0.05)
  half = max(0.005, 0.4 / min(width, height))
  for offset in (at, at + rng.uniform(0.03, 0.05)):
    line = np.exp(-((v - offset) / half) ** 2)
    dash = smoothstep(0.15, 0.35, np.abs(np.sin(math.pi * u / pitch)))
    surface.height += 0.3 * half * (line * dash) - 0.3 * half * line * (1 - dash)
    surface.albedo *= 1.0 + (0.18 * line * dash - 0.2 * line * (1 - dash))[..., None]


def leather(rng, width, height):
  """Grained hide: cells bounded by fine creases, at two scales."""
  side = min(width, height)
  grain = rng.uniform(0.018, 0.045) * side
  crease = np.abs(fractal(rng, width, height, grain, 3, 0.5))
  crease = 1.0 - smoothstep(0.0, 0.5, crease)
  broad = 0.06 * fractal(rng, width, height, 0.4 * side, 3)
  colours = [(0.50, 0.33, 0.20), (0.62, 0.44, 0.28), (0.42, 0.22, 0.16), (0.36, 0.36, 0.38),
             (0.72, 0.66, 0.56)]
  base = np.array(colours[rng.integers(len(colours))]) * rng.uniform(0.9, 1.25)
  field = broad - rng.uniform(0.08, 0.22) * crease
  relief = np.float32(0.0012) * noise(rng, width, height, grain) - np.float32(0.0016) * crease
  return Surface(paint(base, field).astype(np.float32), relief)


def tile(rng, width, height):
  """Glazed or matt ceramic with grout joints."""
  side = min(width, height)
  field = 0.025 * fractal(rng, width, height, 0.3 * side, 4)
  base = np.clip(rng.uniform(0.45, 0.85) * (1 + rng.uniform(-0.1, 0.1, 3)), 0.3, 0.92)
  albedo = paint(base, field)
  if rng.random() < 0.4:  # veins of a marbled glaze: soft and low in contrast
    vein = np.exp(-(fractal(rng, width, height, 0.5 * side, 4, 0.55) / 0.12) ** 2)
    albedo *= 1.0 - rng.uniform(0.04, 0.12) * vein[..., None]
  relief = 0.0005 * fractal(rng, width, height, 0.08 * side, 2)
  surface = Surface(albedo.astype(np.float32), relief)
  if rng.random() < 0.55:
    pitch, ox, oy = rng.uniform(0.35, 0.9), rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4)
    half, dark, tilt = rng.uniform(0.004, 0.011), rng.uniform(0.1, 0.45), rng.normal(0, 0.03)
    reach = math.ceil(max(width, height) / side / pitch) + 1
    for k in range(-reach, reach + 1):
      joint(rng, surface, tilt, oy + k * pitch, half, 0.004, dark)
      joint(rng, surface, tilt + math.pi / 2, ox + k * pitch, half, 0.004, dark)
  return surface


def granite(rng, width, height):
  """Polished stone or terrazzo: grains of three colours."""
  side = min(width, height)
  size = rng.uniform(0.012, 0.03) * side
  base = tinted(rng, rng.uniform(0.45, 0.7), 0.07)
  albedo = paint(base, 0.05 * fractal(rng, width, height, 0.2 * side, 3))
  for factor in (rng.uniform(0.62, 0.8), rng.uniform(1.15, 1.3)):
    grains = smoothstep(0.8, 1.1, fractal(rng, width, height, size, 2, 0.6))
    albedo = mix(albedo, base * factor, grains * 0.8)
  albedo *= 1.0 + (0.03 * noise(rng, width, height, 0.004 * side))[..., None]
  return Surface(albedo.astype(np.float32), 0.0002 * noise(rng, width, height, size))


def plaster(rng, width, height):
  """Painted wall with roller stipple, or trowelled render."""
  side = min(width, height)
  stipple = fractal(rng, width, height, rng.uniform(0.012, 0.03) * side, 3, 0.6)
  base = np.clip(rng.uniform(0.5, 0.85) * (1 + rng.uniform(-0.1, 0.1, 3)), 0.3, 0.92)
  field = 0.04 * fractal(rng, width, height, 0.5 * side, 3) + 0.015 * stipple
  relief = rng.uniform(0.0006, 0.0014) * stipple
  if rng.random() < 0.4:
    relief += 0.004 * noise(rng, width, height, 0.35 * side, 0.08 * side, rng.uniform(0, math.pi))
  return Surface(paint(base, field).astype(np.float32), relief.astype(np.float32))


TEXTURES = {f.__name__: f for f in (metal, concrete, wood, fabric, leather, tile, granite, plaster)}
