"""From an image file to the network's input, as `version.json` describes it, with Pillow."""

import numpy as np
from PIL import Image, ImageOps

SIDE = 160  # input width and height in pixels; short-side resize and centre crop
CELLS = 10  # width and height of the last feature map; one cell = SIDE / CELLS input pixels
MEAN, STD = 0.5, 0.25  # per channel, on values 0..1


def geometry(width, height):
  """Resized size (w, h) and crop offset (left, top) of an upright image of `width` x `height`."""
  if width <= height:
    w, h = SIDE, int(SIDE * height / width)
  else:
    w, h = int(SIDE * width / height), SIDE
  return (w, h), (round((w - SIDE) / 2), round((h - SIDE) / 2))  # round half to even


def crop_to_input(image):
  """Upright RGB picture -> uint8 [SIDE, SIDE, 3]."""
  size, (left, top) = geometry(*image.size)
  resized = image.resize(size, Image.Resampling.BILINEAR)
  return np.asarray(resized.crop((left, top, left + SIDE, top + SIDE)))


def load(path):
  """Image file -> uint8 [SIDE, SIDE, 3] and the size (w, h) of the upright picture."""
  with Image.open(path) as file:
    image = ImageOps.exif_transpose(file).convert("RGB")
  return crop_to_input(image), image.size


def normalise(pixels):
  """uint8 [N, SIDE, SIDE, 3] -> float32 [N, 3, SIDE, SIDE]."""
  x = (pixels.astype(np.float32) / 255.0 - MEAN) / STD
  return np.ascontiguousarray(x.transpose(0, 3, 1, 2), dtype=np.float32)
