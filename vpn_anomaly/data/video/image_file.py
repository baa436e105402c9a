"""The pictures in an image file: a single one, or the frames of a stack or an animation.

Pillow reads them, as it validates its input; FFmpeg reads plain JPEGs (like the frames of videos) and
16-bit colours, of which Pillow keeps only the high byte. What neither reads correctly is `Unreadable`:
no picture is ever black because of how it is stored. Transparency is ignored, as the background
behind it is unknown.
"""

import contextlib
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit, TooLarge
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.image_opening import (
    UnsupportedImage,
    decode_with_ffmpeg,
    open_image,
    without_warnings,
)
from vpn_anomaly.data.video.sixteen_bit_colours import is_cut_to_8_bits, jpeg2000_bits, whole_colours

# Formats whose pages are frames. Not MPO (views, thumbnails), PSD (layers), ICO (sizes of one icon).
ANIMATED = frozenset(("PNG", "WEBP", "AVIF", "GIF", "FLI", "IM"))  # all frames have the same size
PAGED = frozenset(("TIFF", "DCX"))
# Bits of TIFF's NewSubfileType: a reduced image, a mask; and the older SubfileType, where 2 is reduced.
NEW_SUBFILE_TYPE, NOT_A_PAGE, SUBFILE_TYPE, REDUCED = 254, 0b101, 255, 2
PHOTOMETRIC, WHITE_IS_ZERO, BITS_PER_SAMPLE, SAMPLE_FORMAT, UNSIGNED, SIGNED = 262, 0, 258, 339, 1, 2
EXIF_ORIENTATION, MIRRORED = 0x0112, (2, 4, 5, 7)
STORED_WHITE = 65535  # to which Pillow scales white in files that state its value


class HighDepthImage(NamedTuple):
    """An image of more than 8 bits: values (H, W) or (H, W, 3); 0 is white if `inverted`."""

    values: np.ndarray
    inverted: bool


class Unreadable(NamedTuple):
    """A picture that cannot be read correctly; `why` is empty for damage and unknown formats."""

    why: str


def pictures(
    path: pathlib.Path, note: Callable[[str], None] = lambda line: None, limit: MemoryLimit | None = None
) -> Iterator:
    """Yields each picture of the file: an av.VideoFrame of 8 bits, a `HighDepthImage`, or `Unreadable`.

    note: called with a line about skipped pages. limit: memory that a picture may take according to its
    header; None: the default.
    """
    limit = limit or memory_limit.for_footage()
    with contextlib.ExitStack() as stack:
        try:
            image = stack.enter_context(open_image(path))
            numbers = _pages(image, note)
        except Exception as error:  # damage raises many types: syntax, struct, value, too many pixels …
            yield _unreadable(error)
            return
        for number in numbers:
            try:
                with without_warnings():
                    if number != image.tell():
                        image.seek(number)
                    picture_size.check(path, image.height, image.width, limit)
                    picture = _picture(image, path)
            except Exception as error:
                picture = _unreadable(error)
            yield picture


def count(path: pathlib.Path) -> int:
    """Number of pictures in the file according to its headers, at least 1."""
    try:
        with open_image(path) as image:
            return len(_pages(image, lambda line: None))
    except Exception:
        return 1


def as_video_frame(image_HxW_or_HxWx3: np.ndarray):
    """A uint8 image, grey or RGB, as an av.VideoFrame."""
    import av

    pixels = "gray" if image_HxW_or_HxWx3.ndim == 2 else "rgb24"
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image_HxW_or_HxWx3), format=pixels)


def _pages(image, note) -> list[int]:
    """The numbers of the pages that are frames."""
    if image.format in ANIMATED:
        # The default image of an animated PNG is for programs without support for animations.
        first = 1 if getattr(image, "default_image", False) else 0
        return list(range(first, getattr(image, "n_frames", 1)))
    if image.format not in PAGED:
        return [image.tell()]
    size_of_page = {}
    for number in range(sys.maxsize):
        try:
            with without_warnings():
                image.seek(number)
        except EOFError:
            break
        except Exception:  # the list of pages is damaged or truncated: use the pages before
            note(f"its pages after page {number} cannot be read")
            break
        if not _is_reduced(image):
            size_of_page[number] = image.size
    sizes = set(size_of_page.values())
    if not sizes:
        return [0]
    first = min(size_of_page)
    if len(sizes) > 1:
        note(f"{len(size_of_page)} pages of {len(sizes)} sizes: the first alone is read")
        return [first]
    return list(size_of_page)


def _is_reduced(image) -> bool:
    tags = getattr(image, "tag_v2", {})
    return bool(tags.get(NEW_SUBFILE_TYPE, 0) & NOT_A_PAGE) or tags.get(SUBFILE_TYPE) == REDUCED


def _picture(image, path: pathlib.Path):
    """The current page of the image: an av.VideoFrame, or a `HighDepthImage`."""
    from PIL import ImageOps

    if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
        if image.getexif().get(EXIF_ORIENTATION) not in MIRRORED:
            return _jpeg(path)
    if is_cut_to_8_bits(image, path):
        return HighDepthImage(whole_colours(image, path), False)
    stated = _stated_white(image, path)
    image.load()  # which applies the orientation of a TIFF
    shown = ImageOps.exif_transpose(image)
    if image.format == "TIFF" and _sample_format(image) == SIGNED and image.mode == "L":
        return HighDepthImage(np.asarray(shown).view(np.int8), False)
    if shown.mode not in ("I", "F") and not shown.mode.startswith("I;16"):
        return as_video_frame(_as_shown(shown))
    deep = _deep(image, shown)
    if stated is None:
        return deep
    level_HxW = np.round(deep.values * (255 / stated)).astype(np.uint8)
    return as_video_frame(255 - level_HxW if deep.inverted else level_HxW)


def _as_shown(image) -> np.ndarray:
    """An image of 8 bits or fewer as uint8, grey (H, W) or RGB (H, W, 3)."""
    if image.mode == "LAB":
        raise UnsupportedImage("CIELAB colours")
    if image.mode in ("La", "RGBa"):  # premultiplied alpha
        image = image.convert(image.mode.upper())
    return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))


def _deep(image, shown) -> HighDepthImage:
    """The values of a grey image of more than 8 bits. `image` has the file's tags."""
    values_HxW, tags = np.asarray(shown), getattr(image, "tag_v2", {})
    if image.format == "FITS" and values_HxW.dtype.kind != "f":
        raise UnsupportedImage("FITS of whole numbers of more than 8 bits")  # Pillow reads no offset (BZERO)
    if values_HxW.dtype == np.int32 and tags.get(BITS_PER_SAMPLE) == (32,):
        if _sample_format(image) == UNSIGNED:
            values_HxW = values_HxW.view(np.uint32)
    if not np.isfinite(values_HxW).all():
        raise UnsupportedImage("values that are not numbers")
    return HighDepthImage(values_HxW, tags.get(PHOTOMETRIC) == WHITE_IS_ZERO)


def _sample_format(image) -> int:
    return image.tag_v2.get(SAMPLE_FORMAT, (UNSIGNED,))[0]


def _stated_white(image, path: pathlib.Path) -> int | None:
    """The value of white in the image, if its file states one; None: the full range of 16 or 32 bits."""
    if image.format == "PPM" and image.mode == "I":
        greatest = image.tile[0].args
        return None if isinstance(greatest, str) or greatest[1] == STORED_WHITE else STORED_WHITE
    if image.format == "JPEG2000" and image.mode == "I;16":
        return None if jpeg2000_bits(path) >= 16 else STORED_WHITE
    if image.format == "TIFF" and image.mode == "I;16":
        bits = image.tag_v2.get(BITS_PER_SAMPLE, (16,))[0]
        return None if bits == 16 else 2**bits - 1
    return None


def _jpeg(path: pathlib.Path):
    frame = decode_with_ffmpeg(path)
    if any(component.bits > 8 for component in frame.format.components):
        raise UnsupportedImage("JPEG of more than 8 bits")
    return frame


def _unreadable(error: Exception) -> Unreadable:
    if isinstance(error, TooLarge):
        return Unreadable(error.words)
    return Unreadable(str(error) if isinstance(error, UnsupportedImage) else "")
