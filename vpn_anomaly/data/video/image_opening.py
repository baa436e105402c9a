"""Opens image files by Pillow, or decodes them by FFmpeg."""

import contextlib
import pathlib
import warnings
from collections.abc import Iterator

from vpn_anomaly.data.video.image_formats import image_formats


class UnsupportedImage(Exception):
    """The picture is of a kind that is not read; says which."""


@contextlib.contextmanager
def open_image(path: pathlib.Path) -> Iterator:
    """The file as a PIL.Image."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # sizes are checked by a field that can be raised
    # A file object, not a name: what Pillow maps into memory by its name, it does not turn right.
    with open(path, "rb") as file:
        with without_warnings():
            image = Image.open(file, formats=image_formats())
        yield image


def decode_with_ffmpeg(path: pathlib.Path):
    """The file's first picture as an av.VideoFrame."""
    import av

    # A file object, not a name: FFmpeg takes % in an image's name for a pattern.
    with open(path, "rb") as file, av.open(file, metadata_errors="replace") as container:
        codec = container.streams.video[0].codec_context
        if codec is not None and codec.name == "mjpeg":
            # Otherwise a JPEG that is cut off comes with its rest grey, and nothing says so.
            codec.options = {"err_detect": "explode"}
        return next(container.decode(video=0))


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Pillow warns of odd tags in pictures that it reads all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
