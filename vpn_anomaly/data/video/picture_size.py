"""The size of a picture according to its header, checked before memory is allocated for it."""

import contextlib
import pathlib
import re

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.image_opening import open_image

BYTES_PER_PIXEL = 8  # upper bound for a frame while it is decoded, converted and resized


def check(name, height: int, width: int, limit: MemoryLimit) -> None:
    """Raises TooLarge, one line, if a frame of this size exceeds the limit."""
    limit.check(name, height * width * BYTES_PER_PIXEL, f"a frame of {width}x{height} pixels")


def decoder_options(limit: MemoryLimit) -> dict[str, str]:
    """Options by which FFmpeg refuses larger frames, including those that no header announces."""
    return {"max_pixels": str(max(1, limit.bytes // BYTES_PER_PIXEL))}


def check_refused(path: pathlib.Path, limit: MemoryLimit) -> None:
    """Like `check`, for a file in which FFmpeg found no picture; passes if there is another reason.

    FFmpeg reports the same error for a picture that is too large as for a damaged one; the size is
    only in its log.
    """
    import av
    from av import logging

    options = decoder_options(limit)
    level, skips = logging.get_level(), logging.get_skip_repeated()
    logging.set_level(logging.ERROR)
    logging.set_skip_repeated(False)
    try:
        with logging.Capture() as logs, contextlib.suppress(OSError, IndexError, av.FFmpegError):
            # An open file, not a name: FFmpeg interprets % in a name as a pattern of many files.
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
    """(height, width) from the header of an image; None if Pillow does not recognise it."""
    try:
        with open_image(path) as image:
            return image.height, image.width
    except Exception:  # damage raises several types: struct, value, operating system …
        return None
