"""Zones of a frame to look at or not, drawn as a mask image."""

import pathlib

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.image_depth import depth_of, to_eight_bits
from vpn_anomaly.data.video.image_file import HighDepthImage, Unreadable, as_video_frame, pictures
from vpn_anomaly.data.video.sources import is_image
from vpn_anomaly.errors import UserError
from vpn_anomaly.ops.nearest import at_size

WHITE = 128  # a grey level this high or higher
NEEDED = "expected an image, white where to look and black where not"


def read_zones(path, height: int, width: int, limit: MemoryLimit | None = None) -> np.ndarray:
    """Where to look, bool (height, width), from a mask image of any size.

    White says look, black do not. The image is brought to the frame's size by the nearest pixel.

    Raises:
      UserError: there is no image that can be read, or it takes more memory than is allowed (None:
        by default), or none of the frame is left to look at.
    """
    grey_HxW = _read_grey(pathlib.Path(path), limit or memory_limit.for_footage())
    zones_HxW = at_size(grey_HxW >= WHITE, height, width)
    if not zones_HxW.any():
        raise UserError(f"{path}: it excludes the whole frame; paint white where to look")
    return zones_HxW


def _read_grey(path: pathlib.Path, limit: MemoryLimit) -> np.ndarray:
    """The image as grey levels, uint8 (H, W); of a film or a stack its first frame."""
    import av

    options = picture_size.decoder_options(limit)
    try:
        # An open file, not a name: FFmpeg takes % in a name for a pattern of many files.
        with path.open("rb") as file:
            if is_image(path):
                return _grey_image(path, limit).to_ndarray(format="gray")
            with av.open(file, options=options, metadata_errors="replace") as container:
                container.streams.video[0].codec_context.options = options
                return next(container.decode(video=0)).to_ndarray(format="gray")
    except (av.FFmpegError, IndexError, StopIteration) as error:
        picture_size.check_refused(path, limit)
        raise UserError(f"{path}: it cannot be read as an image; {NEEDED}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {NEEDED}") from error


def _grey_image(path: pathlib.Path, limit: MemoryLimit):
    """The first picture of an image file as an av.VideoFrame, in the depth that it uses."""
    picture = next(pictures(path, limit=limit))
    if isinstance(picture, Unreadable):
        why = f" ({picture.why})" if picture.why else ""
        raise UserError(f"{path}: it cannot be read as an image{why}; {NEEDED}")
    if isinstance(picture, HighDepthImage):
        return as_video_frame(to_eight_bits(picture, depth_of([path], limit)))
    return picture
