"""Draw the sample pictures and their manifest.

  python make_samples.py --out ../../../samples

Every format and most flavours a decoder meets: JPEG (4:2:0, 4:4:4, progressive, gray, rotated by
EXIF, 12 megapixels, one cut short), PNG (RGB, RGBA, palette, gray + alpha, 16-bit), TIFF
(uncompressed, LZW, deflate, gray) and BMP (24-bit, 8-bit palette). Boxes are in pixels of the
upright picture.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dataset import FIRST_SEED
from scene import render


def jpeg(image, path, **options):
  image.save(path, "JPEG", **{"quality": 85, **options})


def gray_jpeg(image, path):
  image.convert("L").save(path, "JPEG", quality=85)


def rotated_jpeg(image, path):
  """Stored lying on its side; orientation 6 tells the reader to turn it a quarter clockwise."""
  exif = Image.Exif()
  exif[0x0112] = 6
  image.transpose(Image.Transpose.ROTATE_90).save(path, "JPEG", quality=88, exif=exif)


def truncated_jpeg(image, path):
  """The first 60 % of a JPEG file, as after a broken transfer."""
  image.save(path, "JPEG", quality=85)
  content = path.read_bytes()
  path.write_bytes(content[:len(content) * 6 // 10])


def png(image, path):
  image.save(path, "PNG", optimize=True)


def palette_png(image, path):
  png(image.quantize(128, dither=Image.Dither.NONE), path)


def rounded(image):
  """An alpha mask: opaque, with transparent rounded corners."""
  mask = Image.new("L", image.size, 0)
  whole = (0, 0, image.width - 1, image.height - 1)
  ImageDraw.Draw(mask).rounded_rectangle(whole, min(image.size) // 16, fill=255)
  return mask


def rgba_png(image, path):
  image = image.copy()
  image.putalpha(rounded(image))
  png(image, path)


def gray_alpha_png(image, path):
  gray = image.convert("L")
  gray.putalpha(rounded(image))
  png(gray, path)


def gray16_png(image, path):
  """16 bits of gray: the luma of the picture, 0..255 stretched to 0..65535."""
  r, g, b = np.moveaxis(np.asarray(image, np.float64), 2, 0)
  luma = (0.299 * r + 0.587 * g + 0.114 * b) * 257
  png(Image.fromarray(np.round(luma).astype(np.uint16)), path)


def tiff(compression):
  return lambda image, path: image.save(path, "TIFF", compression=compression)


def gray_tiff(image, path):
  image.convert("L").save(path, "TIFF", compression="tiff_adobe_deflate")


def bmp(image, path):
  image.save(path, "BMP")


def palette_bmp(image, path):
  image.quantize(256, dither=Image.Dither.NONE).save(path, "BMP")


def quality(value, **options):
  return lambda image, path: jpeg(image, path, quality=value, **options)


# id, extension, width x height upright, how it is written
SAMPLES = [
  ("metal-clean-01", "bmp", (320, 240), bmp),
  ("metal-crack-01", "jpg", (640, 480), jpeg),
  ("metal-scratch-01", "png", (384, 384), png),
  ("metal-hole-01", "tif", (420, 300), tiff("tiff_lzw")),
  ("concrete-clean-01", "jpg", (500, 700), gray_jpeg),
  ("concrete-crack-01", "jpg", (4000, 3000), quality(80)),
  ("concrete-stain-01", "png", (300, 300), gray16_png),
  ("concrete-hole-01", "jpg", (720, 960), rotated_jpeg),
  ("wood-clean-01", "tif", (300, 400), tiff("tiff_adobe_deflate")),
  ("wood-crack-01", "bmp", (256, 320), palette_bmp),
  ("wood-scratch-01", "jpg", (800, 1000), quality(80, progressive=True)),
  ("wood-stain-01", "jpg", (900, 600), quality(85, subsampling=0)),
  ("fabric-clean-01", "png", (260, 260), rgba_png),
  ("fabric-scratch-01", "jpg", (240, 180), quality(90)),
  ("fabric-stain-01", "png", (480, 360), palette_png),
  ("fabric-hole-01", "jpg", (1280, 853), quality(78)),
  ("leather-clean-01", "jpg", (600, 600), jpeg),
  ("leather-crack-01", "png", (360, 300), gray_alpha_png),
  ("leather-scratch-01", "tif", (200, 200), tiff("raw")),
  ("tile-clean-01", "bmp", (180, 220), bmp),
  ("tile-crack-01", "jpg", (1024, 1024), jpeg),
  ("granite-stain-01", "tif", (400, 320), gray_tiff),
  ("granite-hole-01", "jpg", (120, 160), quality(92)),
  ("plaster-scratch-01", "jpg", (1600, 900), quality(80)),
  ("plaster-crack-01", "png", (340, 255), png),
  ("tile-hole-01-truncated", "jpg", (640, 640), truncated_jpeg),
]


def main():
  parser = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument("--out", type=Path, required=True)
  args = parser.parse_args()
  args.out.mkdir(parents=True, exist_ok=True)
  lines = []
  for i, (name, extension, (width, height), write) in enumerate(SAMPLES):
    texture, label = name.split("-")[:2]
    scene = render(FIRST_SEED["samples"] + i, label, width, height, texture)
    path = args.out / f"{name}.{extension}"
    write(scene.image, path)
    metadata = {"texture": texture}
    if scene.box:
      metadata["box"] = list(scene.box)
    if write is truncated_jpeg:
      metadata["broken"] = "truncated"
    lines.append({"id": name, "image": {"path": path.name},
                  "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                  "label": label, "metadata": metadata})
  (args.out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
  total = sum(path.stat().st_size for path in args.out.iterdir())
  print(f"{len(lines)} samples, {total / 1e6:.1f} MB in all")


if __name__ == "__main__":
  main()
