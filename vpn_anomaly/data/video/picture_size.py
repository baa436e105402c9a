"""How large a picture is, by its header: asked before memory is taken for it."""

import contextlib
import pathlib
import re

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.image_opening import open_image

BYTES_PER_PIXEL = 8  # of a frame as it is decoded, converted and resized, at most


def check(name, height: int, width: int, limit: MemoryLimit) -> None:
    """Raises TooLarge, one line, where a frame of this size takes more than is allowed."""
    limit.check(name, height * width * BYTES_PER_PIXEL, f"a frame of {width}x{height} pixels")


def decoder_options(limit: MemoryLimit) -> dict[str, str]:
    """What has FFmpeg refuse larger frames, also those that no header tells of."""
    return {"max_pixels": str(max(1, limit.bytes // BYTES_PER_PIXEL))}


def check_refused(path: pathlib.Path, limit: MemoryLimit) -> None:
    """As `check`, for a file in which FFmpeg found no picture; passes where the reason is another.

    It refuses one that is too large in the same words as a damaged one, and forgets its size: that
    stands in its log alone.
    """
    import av
    from av import logging

    options = decoder_options(limit)
    level, skips = logging.get_level(), logging.get_skip_repeated()
    logging.set_level(logging.ERROR)
    logging.set_skip_repeated(False)
    try:
        with logging.Capture() as logs, contextlib.suppress(OSError, IndexError, av.FFmpegError):
            # An open file, not a name: FFmpeg takes % in a name for a pattern of many files.
            with open(path, "rb") as file, av.open(file, options=options) as container:
                container.streams.video[0].codec_context.options = options
                next(container.decode(video=0), None)
    finally:
        logging.set_level(level)
        logging.set_skip_repeated(skips)
    for *_, line in logs:
        size = re.match(r"Picture size (\d+)x(\d+) ", line)
        if size:
            check(path, int(size[2]), int(size[1]), limit)


def image_size(path: pathlib.Path) -> tuple[int, int] | None:
    """(height, width) by the header of an image; None where it is none that Pillow knows."""
    try:
        with open_image(path) as image:
            return image.height, image.width
    except Exception:  # damage surfaces as several types: struct, value, operating system …
        return None
