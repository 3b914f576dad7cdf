"""Damage drawn into a `Surface` before it is lit: each function returns the damaged area.

The area is a boolean mask [H, W] of the pixels the defect visibly changes; its tight bounding box
is the truth the heatmaps are judged against. Defects lie inside the central square: a short-side
resize followed by a centre crop sees nothing else. Lengths are in units (1 = short side).
"""

import math

import numpy as np

from noise import coordinates, fractal, noise, smoothstep

MARGIN = 0.03  # free border of the central square
SMALLEST = 0.11  # every defect spans at least this much in x and in y


def contrast(surface):
  """Relative deviation of the undamaged surface's brightness: what a defect must stand out from."""
  step = max(1, min(surface.height.shape) // 160)
  luma = surface.albedo[::step, ::step].mean(axis=2)
  slope_y, slope_x = np.gradient(surface.height[::step, ::step])
  slopes = (slope_x.std() + slope_y.std()) * min(surface.height.shape) / step
  return float(luma.std() / luma.mean() + 0.5 * slopes)


def place(rng, points):
  """Shift `points` [N, 2] so that they lie at a random place inside the central square."""
  lo, hi = points.min(axis=0), points.max(axis=0)
  room = 0.5 - MARGIN
  return points + rng.uniform(np.minimum(-room - lo, room - hi), np.maximum(-room - lo, room - hi))


def spans_enough(points):
  """True when the points' extent is usable in both axes: not a sliver, not larger than the view."""
  extent = np.ptp(points, axis=0)
  return extent.min() >= SMALLEST and extent.max() <= 1 - 2 * MARGIN - 0.02


def stroke(shape, points, half_widths, sharpness):
  """Profile in 0..1 [H, W] of a line through `points` [N, 2] (units), `half_widths` [N] (units).

  1 on the line, falling to 0 away from it; a line thinner than a pixel is drawn one pixel wide
  and proportionally weaker.
  """
  height, width = shape
  side = min(shape)
  field = np.zeros(shape, np.float32)
  px = points * side + np.array([width / 2, height / 2])
  for i in range(len(px) - 1):
    (ax, ay), (bx, by) = px[i], px[i + 1]
    half = 0.5 * (half_widths[i] + half_widths[i + 1]) * side
    drawn = max(half, 0.5)
    reach = 4 * drawn + 2
    x0, x1 = int(max(0, min(ax, bx) - reach)), int(min(width, max(ax, bx) + reach + 1))
    y0, y1 = int(max(0, min(ay, by) - reach)), int(min(height, max(ay, by) + reach + 1))
    if x0 >= x1 or y0 >= y1:
      continue
    xs = np.arange(x0, x1, dtype=np.float32)[None, :] + np.float32(0.5 - ax)
    ys = np.arange(y0, y1, dtype=np.float32)[:, None] + np.float32(0.5 - ay)
    dx, dy = np.float32(bx - ax), np.float32(by - ay)
    t = np.clip((xs * dx + ys * dy) / max(dx * dx + dy * dy, 1e-6), 0.0, 1.0)
    d2 = ((xs - t * dx) ** 2 + (ys - t * dy) ** 2) / np.float32(drawn * drawn)
    profile = (min(1.0, half / drawn) / (1.0 + d2 ** (sharpness / 2))).astype(np.float32)
    patch = field[y0:y1, x0:x1]
    np.maximum(patch, profile, out=patch)
  return field


def walk(rng, length, heading, steps, jag):
  """A wandering line of `steps` points [N, 2]; `jag` = deviation of the heading per step (rad)."""
  drift = np.cumsum(rng.normal(0, 0.18 * jag, steps))
  angles = heading + drift + rng.normal(0, jag, steps)
  moves = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (length / steps)
  return np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])


def crack(rng, surface):
  """A jagged, tapering, often branching fissure with a lit and a shaded flank."""
  shape = surface.height.shape
  while True:
    length, heading = rng.uniform(0.28, 0.85), rng.uniform(0, 2 * math.pi)
    steps = max(10, int(length * rng.uniform(30, 55)))
    trunk = walk(rng, length, heading, steps, rng.uniform(0.4, 0.75))
    wide = rng.uniform(0.004, 0.011)
    taper = np.linspace(1, 0.35, steps + 1) if rng.random() < 0.6 else (
      0.35 + 0.65 * np.sin(np.linspace(0.1, math.pi - 0.1, steps + 1)))
    lines = [(trunk, wide * taper * rng.uniform(0.6, 1.3, steps + 1))]
    for _ in range(rng.choice([0, 1, 2, 3], p=[0.25, 0.35, 0.25, 0.15])):
      at = rng.integers(2, steps - 2)
      tangent = trunk[at + 2] - trunk[at]
      turn = rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
      part = length * rng.uniform(0.15, 0.45)
      count = max(5, int(part * steps / length))
      twig = trunk[at] + walk(rng, part, math.atan2(tangent[1], tangent[0]) + turn, count, 0.5)
      lines.append((twig, 0.7 * wide * np.linspace(0.9, 0.35, count + 1)))
    points = np.concatenate([line for line, _ in lines])
    if spans_enough(points):
      break
  shift = place(rng, points)[0] - points[0]
  field = np.zeros(shape, np.float32)
  for line, widths in lines:
    field = np.maximum(field, stroke(shape, line + shift, widths, 4))
  dark = np.clip(max(rng.uniform(0.45, 0.85), 1.8 * contrast(surface)), 0, 0.9)
  surface.albedo *= 1.0 - np.float32(dark) * field[..., None]
  surface.height -= np.float32(rng.uniform(0.4, 1.0) * wide) * field
  return field > 0.3


def scratch(rng, surface):
  """One to five nearly parallel smooth furrows: bright bare material or a dull groove."""
  shape = surface.height.shape
  while True:
    length, heading = rng.uniform(0.25, 0.8), rng.uniform(0, 2 * math.pi)
    strands = rng.choice([1, 2, 3, 4, 5], p=[0.35, 0.25, 0.2, 0.1, 0.1])
    bow, gap = rng.normal(0, 0.25), rng.uniform(0.015, 0.05)
    t = np.linspace(0, 1, 16)
    lines = []
    for k in range(strands):
      angle = heading + rng.normal(0, 0.03) + bow * (t - 0.5)
      part = rng.uniform(0.5, 1.0) if k else 1.0
      moves = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (length * part / 16)
      start = np.array([-math.sin(heading), math.cos(heading)]) * (k * gap * rng.uniform(0.8, 1.2))
      start += np.array([math.cos(heading), math.sin(heading)]) * rng.uniform(0, 1 - part) * length
      lines.append(start + np.cumsum(moves, axis=0))
    points = np.concatenate(lines)
    if spans_enough(points):
      break
  shift = place(rng, points)[0] - points[0]
  field = np.zeros(shape, np.float32)
  widest = 0.0
  for line in lines:
    half = rng.uniform(0.0032, 0.0068) * (1.1 if strands == 1 else 0.9)
    widest = max(widest, half)
    ends = np.clip(np.sin(np.linspace(0.12, math.pi - 0.12, len(line))) * 1.8, 0.3, 1.0)
    field = np.maximum(field, stroke(shape, line + shift, half * ends, 3))
  strength = np.float32(np.clip(max(rng.uniform(0.6, 0.9), 2.2 * contrast(surface)), 0, 0.95))
  mean = surface.albedo.mean(axis=(0, 1))
  if mean.mean() < 0.58 and rng.random() < 0.75:
    grey = 0.5 * (mean + mean.mean())
    bare = np.clip(grey * rng.uniform(1.65, 2.1), 0, 1.0).astype(np.float32)
  else:
    bare = (mean * rng.uniform(0.25, 0.42)).astype(np.float32)
  amount = strength * field[..., None]
  surface.albedo *= 1.0 - amount
  surface.albedo += bare * amount
  surface.height -= np.float32(0.5 * widest) * field
  return field > 0.3


def outline(rng, shape, cx, cy, radius, roughness, squash):
  """Signed field [H, W] of an irregular disc: 0 in the middle, 1 on the rim, more outside."""
  height, width = shape
  x, y = coordinates(width, height)
  turn = rng.uniform(0, math.pi)
  c, s = math.cos(turn), math.sin(turn)
  u = (c * (x - cx) + s * (y - cy)) / radius
  v = (c * (y - cy) - s * (x - cx)) / (radius * squash)
  theta = np.arctan2(v, u)
  rim = np.ones_like(theta)
  for k in (2, 3, 4, 5, 7):
    rim += np.float32(roughness * rng.normal() / k) * np.cos(k * theta + rng.uniform(0, 6.28))
  return np.sqrt(u * u + v * v) / np.clip(rim, 0.55, 1.45)


def stain(rng, surface):
  """Oil, rust, water, ink or salt soaked in: colour only, the texture shows through."""
  shape = surface.height.shape
  side = min(shape)
  radius, squash = rng.uniform(0.075, 0.22), rng.uniform(0.55, 1.0)
  if squash * radius < 0.075:
    squash = 1.0
  room = 0.5 - MARGIN - 1.2 * radius
  cx, cy = rng.uniform(-room, room, 2)
  d = outline(rng, shape, cx, cy, radius, rng.uniform(0.15, 0.4), squash)
  if rng.random() < 0.5:  # a second lobe
    turn = rng.uniform(0, 2 * math.pi)
    lobe = radius * rng.uniform(0.35, 0.6)
    d = np.minimum(d, outline(rng, shape, cx + 0.75 * radius * math.cos(turn),
                              cy + 0.75 * radius * math.sin(turn), lobe, 0.25, 1.0))
  d = d + rng.uniform(0.04, 0.12) * fractal(rng, shape[1], shape[0], 0.3 * radius * side, 3)
  soft = rng.uniform(0.12, 0.45)
  inside = 1.0 - smoothstep(1.0 - soft, 1.0 + 0.4 * soft, d)
  density = inside * (0.82 + 0.12 * noise(rng, shape[1], shape[0], radius * side))
  if rng.random() < 0.5:  # dried rim, as of a drop
    density += inside * 0.45 * np.exp(-((d - (1.0 - soft)) / 0.12) ** 2)
  kinds = [(0.62, 0.36, 0.20), (0.42, 0.38, 0.32), (0.58, 0.58, 0.58), (0.50, 0.44, 0.30),
           (0.35, 0.42, 0.75), (0.45, 0.62, 0.42), (0.70, 0.34, 0.34), (1.5, 1.5, 1.48)]
  tint = np.array(kinds[rng.integers(len(kinds))], np.float32)
  if tint[0] > 1 and surface.albedo.mean() > 0.55:  # salt does not show on a light ground
    tint = np.array(kinds[1], np.float32)
  strength = np.clip(max(rng.uniform(0.75, 1.0), 2.4 * contrast(surface)), 0, 1.1)
  factor = 1.0 + (tint - 1.0) * np.float32(strength) * np.clip(density, 0, 1.25)[..., None]
  surface.albedo *= np.maximum(factor, 0.3)
  return density > 0.3


def hole(rng, surface):
  """One drilled, punched or broken-out hole, or a few close together: dark, with a lit far wall."""
  shape = surface.height.shape
  mask = np.zeros(shape, bool)
  radius = rng.uniform(0.06, 0.15)
  count = rng.choice([1, 2, 3], p=[0.75, 0.17, 0.08])
  if count > 1:
    radius = rng.uniform(0.04, 0.075)
  spread = 0.0 if count == 1 else 2.4 * radius
  room = 0.5 - MARGIN - 1.25 * radius - spread
  cx, cy = rng.uniform(-room, room, 2)
  turn = rng.uniform(0, 2 * math.pi)
  ragged = rng.random() < 0.45
  for k in range(count):
    x = cx + spread * math.cos(turn + 2 * math.pi * k / count) * (0.75 if count > 1 else 0)
    y = cy + spread * math.sin(turn + 2 * math.pi * k / count) * (0.75 if count > 1 else 0)
    r = radius * rng.uniform(0.85, 1.1)
    d = outline(rng, shape, x, y, r, rng.uniform(0.12, 0.3) if ragged else 0.03,
                rng.uniform(0.75, 1.0))
    if ragged:
      d = d + 0.07 * noise(rng, shape[1], shape[0], 0.25 * r * min(shape))
    edge = rng.uniform(0.08, 0.2)
    inside = 1.0 - smoothstep(1.0 - edge, 1.0 + 0.3 * edge, d)
    floor = np.float32(rng.uniform(0.05, 0.22))
    inner = floor + 0.10 * smoothstep(0.35, 1.0, d)  # the wall catches a little light
    surface.albedo *= 1.0 - (inside * (1.0 - inner))[..., None]
    surface.height -= np.float32(0.30 * r) * inside
    surface.height += np.float32(0.02 * r) * np.exp(-((d - 1.1) / 0.12) ** 2)  # raised burr
    mask |= inside > 0.5
  return mask


DEFECTS = {f.__name__: f for f in (crack, scratch, stain, hole)}
