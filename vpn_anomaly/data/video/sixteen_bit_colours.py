"""Colour images of 16 bits per channel, of which Pillow keeps only the high byte."""

import pathlib
import re
import sys

import numpy as np

from vpn_anomaly.data.video.image_opening import UnsupportedImage, decode_with_ffmpeg, open_image

GREATEST = 65535


def is_cut_to_8_bits(image, path: pathlib.Path) -> bool:
    """Whether Pillow keeps only the high byte of the image's colours."""
    if image.mode.startswith("I") or image.mode == "F" or not image.tile:
        return False
    if image.format == "JPEG2000":
        return jpeg2000_bits(path) >= 16
    codec, args = image.tile[0].codec_name, image.tile[0].args
    if image.format == "SGI":
        return codec == "SGI16" or codec == "sgi_rle" and args[2] == 2
    if image.format == "PPM":
        return not isinstance(args, str) and args[1] == GREATEST
    raw_mode = args if isinstance(args, str) else args[0] if args else ""
    return bool(re.fullmatch(r"(L|LA|RGB|RGBA|RGBa|RGBX|CMYK);16[BLN]?", str(raw_mode)))


def whole_colours(image, path: pathlib.Path) -> np.ndarray:
    """The image's full 16-bit values, (H, W) or (H, W, 3), which Pillow cuts to their high bytes."""
    from PIL import ImageOps

    if image.format == "TIFF":
        return _whole_colours_of_tiff(image, path)
    if getattr(image, "n_frames", 1) > 1:
        raise UnsupportedImage("an animation of 16-bit colours")
    grey = image.mode in ("L", "LA") or "LA;16B" in image.tile[0].args
    image_HxWxC = np.asarray(ImageOps.exif_transpose(image).convert("L" if grey else "RGB"))
    values_HxWxC = decode_with_ffmpeg(path).reformat(format="gray16le" if grey else "rgb48le").to_ndarray()
    if values_HxWxC.shape != image_HxWxC.shape or np.abs(values_HxWxC / 257 - image_HxWxC).max() > 1.5:
        raise UnsupportedImage("16-bit colours")  # Pillow and FFmpeg disagree
    return values_HxWxC


def jpeg2000_bits(path: pathlib.Path) -> int:
    """Bits of the first component, from the SIZ marker of the codestream."""
    with open(path, "rb") as file:
        start = file.read(1 << 16)
    place = start.find(b"\xff\x4f\xff\x51")
    if not 0 <= place < len(start) - 42:
        raise UnsupportedImage("JPEG 2000 with a long header")
    return (start[place + 42] & 0x7F) + 1


def _whole_colours_of_tiff(image, path: pathlib.Path) -> np.ndarray:
    """Reads high and low bytes separately: with the byte order swapped, Pillow keeps the low byte."""
    from PIL import ImageOps

    tiles, number = list(image.tile), image.tell()
    order = tiles[0].args[0][-1].replace("N", "L" if sys.byteorder == "little" else "B")
    if image.mode == "CMYK" or tiles[0].args[0][:-1] not in ("RGB;16", "RGBA;16", "RGBX;16"):
        raise UnsupportedImage("16-bit colours that are not RGB")
    halves = []
    for letter in (order, "BL"[order == "B"]):
        with open_image(path) as again:
            again.seek(number)
            again.tile = [
                tile._replace(args=(tile.args[0][:-1] + letter, *tile.args[1:])) for tile in again.tile
            ]
            again.load()
            halves.append(np.asarray(ImageOps.exif_transpose(again))[..., :3].astype(np.uint16))
    return halves[0] << 8 | halves[1]
