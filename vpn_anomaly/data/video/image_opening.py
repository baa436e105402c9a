"""Opens image files with Pillow, or decodes them with FFmpeg."""

import contextlib
import pathlib
import warnings
from collections.abc import Iterator

from vpn_anomaly.data.video.image_formats import image_formats


class UnsupportedImage(Exception):
    """The image is of an unsupported kind; the message says which."""


@contextlib.contextmanager
def open_image(path: pathlib.Path) -> Iterator:
    """The file as a PIL.Image."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # sizes are checked against a config field instead
    # A file object, not a name: given a name, Pillow memory-maps some files and then rotates them wrongly.
    with open(path, "rb") as file:
        with without_warnings():
            image = Image.open(file, formats=image_formats())
        yield image


def decode_with_ffmpeg(path: pathlib.Path):
    """The file's first picture as an av.VideoFrame."""
    import av

    # A file object, not a name: FFmpeg interprets % in an image's name as a pattern.
    with open(path, "rb") as file, av.open(file, metadata_errors="replace") as container:
        codec = container.streams.video[0].codec_context
        if codec is not None and codec.name == "mjpeg":
            # Otherwise the rest of a truncated JPEG is filled with grey, without an error.
            codec.options = {"err_detect": "explode"}
        return next(container.decode(video=0))


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Suppresses Pillow's warnings about odd tags in images that it reads anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
