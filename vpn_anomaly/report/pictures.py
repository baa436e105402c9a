"""Pictures as data URIs: they lie in the page itself."""

import base64
import io
import pathlib

import numpy as np
from PIL import Image

from vpn_anomaly.report.parts import Picture

LARGEST = 720  # pixels; larger pictures are reduced, for a card shows them at half of that or less
ENLARGED_BELOW = 320  # pixels of width: such pictures are enlarged pixel by pixel, by the browser
JPEG_QUALITY = 85
# Above so many pixels a PNG is larger than a JPEG, and takes long.
PNG_PIXELS = 1 << 17


def picture(
    image_HxWxC: np.ndarray, caption: str = "", box: tuple[int, int, int, int] | None = None
) -> Picture:
    """An image as a picture of a card.

    Args:
      image_HxWxC: uint8, grey (C = 1) or RGB (C = 3).
      box: (top, left, bottom, right) in pixels of the image; the page draws it, not the picture.
    """
    height, width = image_HxWxC.shape[:2]
    return Picture(image_uri(image_HxWxC), height, width, caption, box)


def image_uri(image_HxWxC: np.ndarray) -> str:
    """The image, uint8 with C = 1 or 3, as JPEG, or as PNG where that is smaller, not lossy.

    One of more than LARGEST pixels a side is reduced to that.
    """
    grey = image_HxWxC.shape[-1] == 1
    image = Image.fromarray(image_HxWxC[..., 0] if grey else image_HxWxC)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    # Without subsampling: the colours of a map differ from pixel to pixel.
    jpeg = _encoded(image, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    if image.width * image.height <= PNG_PIXELS:
        png = _encoded(image, "PNG", optimize=True)
        if len(png) <= len(jpeg):
            return data_uri(png, "image/png")
    return data_uri(jpeg, "image/jpeg")


def file_uri(path: pathlib.Path) -> str:
    """A PNG file, byte by byte."""
    return data_uri(path.read_bytes(), "image/png")


def data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
