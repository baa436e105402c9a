"""Converts a decoded picture to an image of the work size, in the same way for every kind of source.

One area filter, one conversion to grey (full-range luma of ITU-R BT.601) or to RGB. Rotation metadata
(phone videos, photographs) is applied; mirroring is not, non-square pixels are not resampled, and
interlaced fields stay woven.
"""

import numpy as np

FORMATS = {1: "gray", 3: "rgb24"}  # FFmpeg's pixel formats, by the number of channels


def display_size(picture) -> tuple[int, int]:
    """(height, width) of an av.VideoFrame after rotation for display."""
    size = picture.height, picture.width
    return size[::-1] if _quarter_turns(picture) % 2 else size


class Resizer:
    """Makes images of one size, (height, width), with 1 channel (grey) or 3 (RGB)."""

    def __init__(self, size: tuple[int, int], channels: int):
        from av.video.reformatter import Interpolation, VideoReformatter

        self._size, self._channels = size, channels
        self._reformatter = VideoReformatter()
        # Without ACCURATE_RND the filter deviates from the mean by up to one grey level.
        self._filter = Interpolation.AREA | Interpolation.ACCURATE_RND

    def image(self, picture) -> np.ndarray:
        """The av.VideoFrame as uint8 (H, W, C), a copy."""
        pixels = FORMATS[self._channels]
        turns = _quarter_turns(picture)
        height, width = self._size[::-1] if turns % 2 else self._size
        resized = self._reformatter.reformat(
            _converted(picture, pixels), width, height, pixels, interpolation=self._filter
        )
        image_HxWxC = np.rot90(resized.to_ndarray(), turns).reshape(*self._size, self._channels)
        # A copy: the memory may belong to the decoder, which still refers to it.
        return np.array(image_HxWxC, order="C")


def _converted(picture, pixels: str):
    """The picture in the pixel format `pixels`, unless it is YUV.

    So a frame gives the same image whether it is stored as grey, RGB or with a palette. YUV, which
    nearly all videos use, is converted and resized in one step, which is many times faster.
    """
    if picture.format.has_palette:  # a direct conversion to grey is off by one level
        picture = picture.reformat(format="rgb24")
    if picture.format.is_rgb or len(picture.format.components) < 3:
        return picture.reformat(format=pixels)
    return picture


def _quarter_turns(picture) -> int:
    """Quarter turns, counter-clockwise, by which the picture is rotated for display."""
    return round(picture.rotation / 90) % 4
