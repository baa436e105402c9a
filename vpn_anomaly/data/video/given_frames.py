"""Frames that a program yields as the frames of a video."""

from collections.abc import Iterable, Iterator

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.array_files import is_image_shape
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.open_video import Video, VideoSettings
from vpn_anomaly.data.video.timeline import by_clock
from vpn_anomaly.errors import UserError

NEEDED = "give uint8 frames, (H, W) or (H, W, C) with C 1 or 3, or pairs of seconds and a frame"
NAME = "given frames"

GivenFrame = np.ndarray | tuple[float, np.ndarray]


def open_frames(frames: Iterable[GivenFrame], settings: VideoSettings, name: str = NAME) -> Video:
    """A video of these frames, each asked for when it is needed: uint8 (H, W) or (H, W, C), C 1 or 3.

    A pair is of the frame's time, in seconds, and the frame; those without come `settings.frame_rate` in a second.

    UserError, from the iteration too, for anything else.
    """
    reader = _GivenFrames(frames, settings.frame_rate, name, memory_limit.for_footage(settings.max_gigabytes))
    return Video(name, reader, settings, by_clock)


class _GivenFrames:
    """The reader of a `Video`."""

    live = False

    def __init__(self, frames: Iterable[GivenFrame], rate: float, name: str, limit: memory_limit.MemoryLimit):
        self.rate, self.expected_frames = rate, len(frames) if isinstance(frames, np.ndarray) else None
        self._frames, self._name, self._limit = frames, name, limit

    def pictures(self) -> Iterator[tuple]:
        """Yields (index, seconds, av.VideoFrame)."""
        import av

        for index, given in enumerate(self._frames):
            timed = isinstance(given, tuple) and len(given) == 2
            seconds, frame = given if timed else (index / self.rate, given)
            picture, layout = self._checked(index, frame)
            yield index, float(seconds), av.VideoFrame.from_ndarray(picture, format=layout)

    def _checked(self, index: int, frame: np.ndarray) -> tuple[np.ndarray, str]:
        """(H, W) or (H, W, 3), and its layout in PyAV's words."""
        shape, dtype = np.shape(frame), getattr(frame, "dtype", type(frame).__name__)
        if dtype != np.uint8 or not all(shape) or not is_image_shape(shape, 2):
            raise UserError(f"{self._name}: frame {index} is {dtype} of shape {shape}; {NEEDED}")
        picture_size.check(self._name, *shape[:2], self._limit)
        picture = np.ascontiguousarray(frame)
        return (picture, "rgb24") if shape[2:] == (3,) else (picture.reshape(shape[:2]), "gray")

    def problems(self) -> list[str]:
        """None: what is given is whole."""
        return []

    def close(self) -> None:
        """Forgets the frames; a generator is closed by whoever made it."""
        self._frames = ()
