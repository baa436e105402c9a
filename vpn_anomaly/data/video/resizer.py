"""From a decoded picture to an image of the work size: the same way for every kind of source.

One area filter, one conversion to grey (the luma of ITU-R BT.601 in full range) or to RGB. What is
shown turned (phone videos, photographs) is turned; mirrored pictures are not mirrored, pixels that
are not square stay so, and half pictures (interlaced) stay woven.
"""

import numpy as np

FORMATS = {1: "gray", 3: "rgb24"}  # FFmpeg's names, by the number of channels


def display_size(picture) -> tuple[int, int]:
    """(height, width) of an av.VideoFrame as it is shown."""
    size = picture.height, picture.width
    return size[::-1] if _quarter_turns(picture) % 2 else size


class Resizer:
    """Makes images of one size, (height, width), and of 1 channel (grey) or 3 (RGB)."""

    def __init__(self, size: tuple[int, int], channels: int):
        from av.video.reformatter import Interpolation, VideoReformatter

        self._size, self._channels = size, channels
        self._reformatter = VideoReformatter()
        # Without ACCURATE_RND the filter is up to a grey level off the mean.
        self._filter = Interpolation.AREA | Interpolation.ACCURATE_RND

    def image(self, picture) -> np.ndarray:
        """The av.VideoFrame as uint8 (H, W, C), in memory of its own."""
        pixels = FORMATS[self._channels]
        turns = _quarter_turns(picture)
        height, width = self._size[::-1] if turns % 2 else self._size
        resized = self._reformatter.reformat(
            _converted(picture, pixels), width, height, pixels, interpolation=self._filter
        )
        image_HxWxC = np.rot90(resized.to_ndarray(), turns).reshape(*self._size, self._channels)
        # A copy: the memory may be the decoder's, which still refers to it.
        return np.array(image_HxWxC, order="C")


def _converted(picture, pixels: str):
    """The picture; in these pixels, unless it is YUV.

    So the same frame gives the same image whether it is stored as grey, RGB or with a palette. YUV,
    as nearly all videos are, is converted and resized in one step: many times faster.
    """
    if picture.format.has_palette:  # straight to grey it is off by a level
        picture = picture.reformat(format="rgb24")
    if picture.format.is_rgb or len(picture.format.components) < 3:
        return picture.reformat(format=pixels)
    return picture


def _quarter_turns(picture) -> int:
    """By how many quarters, counter-clockwise, the picture is turned to be shown."""
    return round(picture.rotation / 90) % 4
