"""Frames from anything: video files, image folders, .npy, cameras, network streams.

for source in sources("normal/*.mp4"):
    with open_video(source, VideoSettings(height=64, width=64)) as video:
        for frame in video:
            frame.image  # uint8 (H, W, C)
    if video.problem:
        print(f"{source}: {video.problem}")
"""

import dataclasses
import math
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.video import pipe
from vpn_anomaly.data.video.capture import open_camera, open_stream
from vpn_anomaly.data.video.decode import open_file
from vpn_anomaly.data.video.frame_array import FrameArray
from vpn_anomaly.data.video.image_depth import MOST_BITS
from vpn_anomaly.data.video.image_folder import ImageFolder
from vpn_anomaly.data.video.resizer import FORMATS, Resizer, display_size
from vpn_anomaly.data.video.sources import image_files, is_address, is_camera
from vpn_anomaly.data.video.timeline import by_clock, by_timestamps
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name

# From (index, seconds or None, picture) and the usual step to the same with increasing seconds: see `timeline`.
Times = Callable[[Iterator[tuple], float], Iterator[tuple]]


class Frame(NamedTuple):
    """One frame.

    index: its number in the source, from 0; frames dropped for the rate and undecodable frames are
    counted too. time: seconds since the source's first frame, according to its timestamps
    (see `by_timestamps`; without them index / rate; live: by the clock), strictly increasing. image:
    uint8 (H, W, C). picture: the av.VideoFrame that the image was made of, for a `Resizer` of another
    size; it is large: keep the image, not the frame. None: there is none.
    """

    index: int
    time: float
    image: np.ndarray
    picture: Any = None


@dataclasses.dataclass(frozen=True)
class VideoSettings:
    """How a source is decoded. UserError for a value that is not allowed.

    height, width: the largest work size, 0 for any; keeps the aspect ratio, enlarges nothing.
    channels: 1 grey, 3 RGB. rate: frames per second to which a faster source is reduced, by the frames
    nearest in time to every 1 / rate seconds, none twice; 0 for all. frame_rate: frames per second of
    sources that state none (folders, .npy). timeout: seconds for which a stream may be silent. depth:
    bit depth of images of more than 8 bits (see `image_depth`); 0: as the source uses it.
    max_gigabytes: memory limit of a frame.
    """

    height: int = 0
    width: int = 0
    channels: int = 1
    rate: float = 0
    frame_rate: float = 25
    timeout: float = 10
    depth: int = 0
    max_gigabytes: float = memory_limit.for_footage().gigabytes

    def __post_init__(self):
        for name in ("height", "width", "rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UserError(f"{name}={getattr(self, name)}: give 0 (as it is) or more")
        for name in ("frame_rate", "timeout", "max_gigabytes"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"{name}={getattr(self, name)}: give more than 0")
        if self.channels not in FORMATS:
            raise UserError(f"channels={self.channels}: give 1 (grey) or 3 (RGB)")
        if not -MOST_BITS <= self.depth <= MOST_BITS or self.depth == -1:
            raise UserError(
                f"depth={self.depth}: give 0 (as it is), 1 to {MOST_BITS} bits, or -{MOST_BITS}"
                " to -2 for numbers with a sign"
            )

    def work_size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) to which frames of this size are resized, at least 1 × 1."""
        scale = min(1, (self.height or height) / height, (self.width or width) / width)
        return max(1, round(height * scale)), max(1, round(width * scale))


class Video:
    """An open source: a single-use iterator of `Frame`, and a context manager.

    Frames of another size than the first are resized to the first one's work size.

    Attributes:
      name: the source, an address without its secrets.
      live: whether frames arrive in real time.
      rate: frames per second of the source, None if it does not say.
      source_size: (height, width) of the first frame, before it is resized.
      size: (height, width) of the images.
      expected_frames: number of frames that the source states (before any are dropped for the rate);
        None: unknown, or live.
      problem: after the iteration, one line about damage that was found; None if there was none.
    """

    def __init__(self, name: str, reader, settings: VideoSettings, times: Times | None = None):
        """times: of the reader's pictures; None: by the clock if they are live, else by their timestamps."""
        self.name, self._times = name, times or (by_clock if reader.live else by_timestamps)
        self.live, self.rate = reader.live, reader.rate
        self.expected_frames = reader.expected_frames
        self.problem = None
        self._reader, self._settings = reader, settings
        self._pictures = reader.pictures()
        self._first = next(self._pictures, None)
        if self._first is None:
            why = "; ".join(reader.problems()) or "it is empty"
            raise UserError(f"{name}: no frames in it ({why}); give another source")
        self.source_size = self._last_size = display_size(self._first[2])
        self.size = settings.work_size(*self.source_size)
        self._resizer = Resizer(self.size, settings.channels)
        self._size_changes = []
        self._frames = self._given()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self) -> Frame:
        return next(self._frames)

    def close(self) -> None:
        """Closes the file, device or connection. To be called from the thread that reads frames."""
        self._frames.close()
        self._pictures.close()
        self._reader.close()

    def _given(self) -> Iterator[Frame]:
        last_slot = -1
        for index, seconds, picture in self._timed():
            self._note_size(index, picture)
            slot = self._slot(seconds)
            if self._settings.rate and slot <= last_slot:
                continue
            last_slot = slot
            yield Frame(index, seconds, self._resizer.image(picture), picture)
        changes = self._size_changes
        more = f" and {len(changes) - 1} times more" if len(changes) > 1 else ""
        self.problem = "; ".join(self._reader.problems() + [c + more for c in changes[:1]]) or None
        self._reader.close()

    def _timed(self) -> Iterator[tuple]:
        """Yields (index, seconds since the first frame, av.VideoFrame), with increasing seconds."""
        return self._times(self._all_pictures(), 1 / (self.rate or self._settings.frame_rate))

    def _all_pictures(self) -> Iterator[tuple]:
        yield self._first
        self._first = None
        yield from self._pictures

    def _slot(self, seconds: float) -> int:
        """The number k of the last instant k / rate for which the frame is used.

        A frame may be up to half a frame early or late, so that rounded or jittering timestamps do not
        drop frames.
        """
        rate = self._settings.rate
        early = 0.5 * min(1, rate / self.rate) if self.rate else 0
        return math.floor(seconds * rate + early + 1e-6)

    def _note_size(self, index: int, picture) -> None:
        size = display_size(picture)
        if size != self._last_size:
            (height, width), (new_height, new_width) = self._last_size, size
            self._size_changes.append(
                f"frame size changes from {width}x{height} to {new_width}x{new_height} at frame {index}"
            )
            self._last_size = size


def open_video(
    source: str, settings: VideoSettings, name: str = "", stopped: Callable[[], bool] = lambda: False
) -> Video:
    """Opens one of `sources` and decodes its first frame. UserError, one line, if that fails.

    name: of the video; the source's display name by default.
    stopped: polled while a pipe is silent; once it returns true, the video ends.
    """
    name = name or display_name(source)
    reader = _reader(source, settings, stopped)
    try:
        return Video(name, reader, settings)
    except BaseException:
        reader.close()
        raise


def _reader(source: str, settings: VideoSettings, stopped: Callable[[], bool]):
    """The reader of the source's pictures: has live, rate, expected_frames, pictures(), problems()
    and close() like `Decoder`."""
    limit = memory_limit.for_footage(settings.max_gigabytes)
    if is_address(source):
        return open_stream(source, settings.timeout, limit)
    if is_camera(source):
        return open_camera(source, settings.timeout, limit)
    if pipe.is_pipe(source):
        return pipe.open_pipe(source, limit, stopped)
    images = image_files(source)
    if images or os.path.isdir(source):
        return ImageFolder(source, images, settings.frame_rate, settings.depth, limit)
    if source.lower().endswith(".npy"):
        return FrameArray(source, settings.frame_rate, limit)
    return open_file(source, limit)
