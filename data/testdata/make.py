"""Makes the pictures of this folder and what Pillow reads from them.

    python make.py          (needs pillow, numpy; made with Pillow 13.0)

NAME.EXT is a picture; NAME.want.png is how Pillow sees it, upright, on white, as 8-bit RGB.
fit/SIZE-FIT.want.png is fit/photo.png, resized by Pillow's bicubic filter.
"""
import io, os, struct, zlib

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
W, H = 45, 30  # neither square nor a multiple of a JPEG block


def scene(w=W, h=H):
    """Smooth, so that ways of upsampling colour differ little; without symmetry, so that each orientation shows."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    r = 40 + 180 * x / (w - 1)
    g = 30 + 200 * y / (h - 1)
    b = 128 + 100 * np.sin(2.5 * x / w + 1.5 * y / h)
    return np.stack([r, g, b], -1).round().astype(np.uint8)


def white(im):
    im = ImageOps.exif_transpose(im).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", im.size, "white"), im).convert("RGB")


def path(name):
    p = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(p), exist_ok=True)
    return p


def want(name, im=None):
    if im is None:
        im = white(Image.open(path(name)))
    im.save(path(name.rsplit(".", 1)[0] + ".want.png"), optimize=True)


def save(im, name, **kw):
    im.save(path(name), **kw)
    want(name)


def png(name, colour, depth, rows):
    """A PNG file from raw rows, for kinds that Pillow does not write."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    h, w = rows.shape[:2]
    raw = b"".join(b"\0" + r.tobytes() for r in rows)
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


rgb = scene()
im = Image.fromarray(rgb)
y, x = np.mgrid[0:H, 0:W]
alpha = np.clip((x * 6).astype(int), 0, 255).astype(np.uint8)
alpha[:, :5] = 0
jpeg = dict(quality=92, subsampling=0)

# JPEG
save(im, "baseline.jpg", **jpeg)
save(im, "progressive.jpg", progressive=True, **jpeg)
save(im, "subsampled.jpg", quality=92, subsampling=2)
# Colours that change with each pixel: ways of upsampling them differ by more than 100.
vivid = Image.fromarray(np.random.default_rng(1).integers(0, 256, (H, W, 3), dtype=np.uint8))
save(vivid, "vivid420.jpg", quality=95, subsampling=2)
save(vivid, "vivid422.jpg", quality=95, subsampling=1)
save(vivid, "vivid.webp", quality=95)
for w, h in ((1, 1), (2, 3), (4, 5), (5, 4), (6, 1)):  # libjpeg repeats the colour of up to two samples in a row
    save(vivid.crop((0, 0, w, h)), f"vivid{w}x{h}.jpg", quality=95, subsampling=2)
# 4:4:0, which Pillow does not write: a 4:2:2 whose header calls each two blocks of Y, side by side, one above the other. The picture is another one then.
f = io.BytesIO()
vivid.resize((48, 32), Image.NEAREST).save(f, "JPEG", quality=95, subsampling=1)
b = bytearray(f.getvalue())
sof = b.index(b"\xff\xc0")
assert b[sof + 11] == 0x21
b[sof + 5:sof + 9], b[sof + 11] = struct.pack(">HH", 45, 31), 0x12
with open(path("vivid440.jpg"), "wb") as f:
    f.write(b)
want("vivid440.jpg")
save(im.convert("L"), "gray.jpg", quality=92)
save(im.convert("CMYK"), "cmyk.jpg", **jpeg)

# PNG
save(im, "rgb.png", optimize=True)
save(im.convert("L"), "gray.png", optimize=True)
save(im.convert("1"), "onebit.png", optimize=True)
save(im.quantize(32), "palette.png", optimize=True)
save(Image.fromarray(np.dstack([rgb, alpha])), "alpha.png", optimize=True)
save(Image.fromarray(np.dstack([rgb[..., 0], alpha]), "LA"), "grayalpha.png", optimize=True)
p = im.quantize(16)
save(p, "palettealpha.png", transparency=bytes(range(0, 256, 16)), optimize=True)
wide = (rgb.astype(np.uint16) << 8 | 0x5A).astype(">u2")
png("rgb16.png", 2, 16, wide)
want("rgb16.png", im)  # the high bytes, which is what 8 bits of them are
png("gray16.png", 0, 16, np.ascontiguousarray(wide[..., 1]))
want("gray16.png", Image.fromarray(rgb[..., 1]).convert("RGB"))

# GIF: Pillow reads the first frame; the second one is of one colour
first = im.quantize(64)
save(first, "animated.gif", save_all=True, append_images=[Image.new("P", im.size, 3)], duration=100)
g = im.quantize(15)
g.info["transparency"] = 3
save(g, "transparent.gif", transparency=3)

# Others
save(im, "rgb.bmp")
save(im.quantize(32), "palette.bmp")
save(im, "raw.tiff")
save(im, "lzw.tiff", compression="tiff_lzw")
save(im, "lossless.webp", lossless=True)
save(Image.fromarray(np.dstack([rgb, alpha])), "alpha.webp", lossless=True, exact=True)
save(im, "lossy.webp", quality=95)
save(Image.fromarray(np.dstack([rgb, alpha])), "lossyalpha.webp", quality=95, exact=True)

# A name that lies: a PNG file called .jpg
im.save(path("misnamed.jpg"), format="PNG", optimize=True)
want("misnamed.jpg")

# Orientation: Pillow's exif_transpose is the reference
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    save(im, f"orientation/{o}.jpg", exif=exif, **jpeg)
exif = Image.Exif()
exif[0x0112] = 6
save(im, "orientation/png.png", exif=exif, optimize=True)
save(im, "orientation/webp.webp", exif=exif, lossless=True)
im.save(path("orientation/tiff.tiff"), tiffinfo={0x0112: 6})
want("orientation/tiff.tiff")
# The EXIF block is not the first APP1 segment, and is big-endian
b = io.BytesIO()
im.save(b, "JPEG", **jpeg)
tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
segments = b""
for body in (b"http://ns.adobe.com/xap/1.0/\0<x/>", b"Exif\0\0" + tiff):
    segments += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
with open(path("orientation/second.jpg"), "wb") as f:
    f.write(b.getvalue()[:2] + segments + b.getvalue()[2:])
want("orientation/second.jpg", white(Image.open(io.BytesIO(b.getvalue())).transpose(Image.Transpose.ROTATE_270)))

# Resizing. Differences to be even, so that crop and pad need no half pixels.
rng = np.random.default_rng(7)
photo = Image.fromarray(rng.integers(0, 255, (9, 13, 3), dtype=np.uint8)).resize((140, 100), Image.Resampling.BICUBIC)
photo.save(path("fit/photo.png"), optimize=True)
for size in (32, 160):
    photo.resize((size, size), Image.Resampling.BICUBIC).save(path(f"fit/{size}-stretch.want.png"), optimize=True)
    photo.crop((20, 0, 120, 100)).resize((size, size), Image.Resampling.BICUBIC).save(path(f"fit/{size}-crop.want.png"), optimize=True)
w, h = 112, 80  # to 112: 140 x 100 becomes 112 x 80
inner = photo.resize((w, h), Image.Resampling.BICUBIC)
out = Image.new("RGB", (112, 112), "white")
out.paste(inner, (0, 16))
out.save(path("fit/112-pad.want.png"), optimize=True)
