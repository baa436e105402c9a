"""An annotated video: every frame with its map, its scores and the open events, as it was watched.

    with AnnotatedVideo("annotated.mp4", height=64, width=64, rate=25) as annotated:
        annotated.write(frame_HxWxC, 0.04, map_HxW, 12.5, ["missing 0.2"], [OpenEvent("missing", box)])

Whenever the writing ends, with the process killed or the disk full, a new file can be read as far as
it was written: an .mp4 is written in fragments, an .mkv in clusters. A file that is there already stays
until the new one is closed.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from vpn_anomaly.data.video.decode import reason
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.files.file_writer import FileWriter
from vpn_anomaly.ops.nearest import at_size
from vpn_anomaly.report.overlay import BRIGHTEST, Overlay
from vpn_anomaly.scoring.frame_view import surprise
from vpn_anomaly.text.durations import frame_time
from vpn_anomaly.watching.monitor import FrameResult, OpenEvent
from vpn_anomaly.watching.output import Output

FRAGMENT_SECONDS = 2  # so much is lost at most when the process is killed
# FFmpeg's name of the container by the file's ending, and its options.
CONTAINERS = {
    ".mp4": ("mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ".mkv": ("matroska", {"cluster_time_limit": str(1000 * FRAGMENT_SECONDS)}),
}
# Without look-ahead and without frames out of order, so that each frame is written at once.
ENCODER = {"preset": "veryfast", "tune": "zerolatency", "crf": "20"}
TICK = Fraction(1, 1000)  # second


class AnnotatedVideo(FileWriter):
    """Writes H.264 (yuv420p) to an .mp4 or .mkv. A context manager: leaving it closes the file.

    A file that is there is replaced when the new one is whole. Time stamps are those of the frames to
    the millisecond, counted from the first one, however irregular; a frame not later than the one before
    comes a millisecond after it.

    Args:
      path: ends in .mp4 or .mkv.
      height, width: of the frames, in pixels. Frames narrower than 480 are enlarged by a whole
        factor, and odd sizes are padded by a pixel.
      rate: frames per second, about: players show it.

    Raises:
      UserError: the file has another ending or cannot be written; also from `write` and `close`,
        once: what was written before stays, or the older file.
    """

    def __init__(self, path: str | os.PathLike, height: int, width: int, rate: float):
        self.path = pathlib.Path(path)
        if self.path.suffix.lower() not in CONTAINERS:
            raise UserError(f"{path}: give a video that ends in {' or '.join(CONTAINERS)}")
        self._overlay = Overlay(height, width)
        self._first_time = self._last_tick = self._next_key = None
        self._container = None
        self._written = 0  # bytes that are whole fragments
        with output_files.storing(self.path):
            self._new = output_files.AtomicFile(self.path, named=True)
        self._file = _Sink(self._new.file)
        with self._writing():
            self._open(rate)

    def write(
        self,
        frame_HxWxC: np.ndarray,
        time: float,
        map_HxW: np.ndarray | None,
        brightest: float,
        lines: Sequence[str],
        events: Sequence[OpenEvent],
    ) -> None:
        """Adds a frame; `time` in seconds is written before the first line of text.

        The other arguments are those of `Overlay.picture`. ValueError for another size, or when
        the video is closed.
        """
        import av

        if self._file.closed:
            raise ValueError(f"{self.path} is closed")
        text = [f"{frame_time(time)}  {lines[0]}" if lines else frame_time(time), *lines[1:]]
        picture = self._overlay.picture(frame_HxWxC, map_HxW, brightest, text, events)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = self._tick(time), TICK
        if self._next_key is None or frame.pts >= self._next_key:  # a fragment begins with it
            frame.pict_type = av.video.frame.PictureType.I
            self._next_key = frame.pts + int(FRAGMENT_SECONDS / TICK)
        with self._writing():
            self._container.mux(self._stream.encode(frame))
            self._written = self._file.flush()

    def close(self) -> None:
        """Completes the file. A second call does nothing."""
        if self._file.closed:
            return
        with self._writing():
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._file.flush()
            self._new.commit()

    def _open(self, rate: float) -> None:
        import av

        container, options = CONTAINERS[self.path.suffix.lower()]
        # An open file, not a name: FFmpeg takes % in a name for a pattern of many files.
        self._container = av.open(
            self._file, "w", format=container, container_options=options | {"flush_packets": "1"}
        )
        self._stream = self._container.add_stream(
            "libx264", rate=Fraction(float(rate)).limit_denominator(1000) or TICK, options=ENCODER
        )
        self._stream.height, self._stream.width = self._overlay.size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = TICK
        self._container.start_encoding()  # what cannot be written raises before the first frame

    def _tick(self, time: float) -> int:
        """The frame's time stamp in ticks: since the first frame, and after the last one."""
        if self._first_time is None:
            self._first_time, self._last_tick = time, -1
        tick = round((time - self._first_time) / TICK)
        self._last_tick = max(self._last_tick + 1, tick)
        return self._last_tick

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Makes a refusal to write a UserError, and closes the file behind its last fragment."""
        import av

        try:
            with output_files.storing(self.path):
                yield
                self._file.raise_error()
        except (UserError, av.FFmpegError) as error:
            self._abandon()
            if isinstance(error, UserError):
                raise
            height, width = self._overlay.size
            line = f"cannot write {self.path}: no H.264 of {width}x{height} pixels"
            raise UserError(f"{line} ({reason(error)}); scale the frames") from error

    def _abandon(self) -> None:
        import av

        with contextlib.suppress(OSError, av.FFmpegError):
            if self._container is not None:
                self._container.close()
        with contextlib.suppress(OSError):
            self._new.truncate(self._written)
            if self._written and not self._new.replaces:
                self._new.move_into_place()
        self._new.discard()


class VideoOutput(Output):
    """The frames of one source with the surprise map and the open events; see `AnnotatedVideo`."""

    def __init__(self, path: pathlib.Path, rate: float):
        """rate: frames per second, about."""
        self._path, self._rate, self._video = path, rate, None

    def begin(self, video, monitor):
        self._watched = monitor.watched

    def frame(self, source, frame, result):
        if self._video is None:
            self._video = AnnotatedVideo(self._path, *frame.image.shape[:2], self._rate)
        line = "  ".join(
            f"{self._watched[key].label} {result.scores[self._watched[key].column]:.1f}" for key in result.p
        )
        map_HxW = _surprise(result, *frame.image.shape[:2])
        self._video.write(frame.image, frame.time, map_HxW, BRIGHTEST, [line], result.open)

    def close(self):
        if self._video is not None:
            self._video.close()


def _surprise(result: FrameResult, height: int, width: int) -> np.ndarray | None:
    """What surprises a member most at each pixel of the frame, (height, width); None: there are no maps."""
    of_members = [at_size(surprise(maps), height, width) for maps in result.maps.values()]
    return np.max(of_members, axis=0) if of_members else None


class _Sink:
    """A file that FFmpeg writes to. It keeps its first error until it is asked for.

    An error that is raised in the middle of FFmpeg's work is printed by PyAV as soon as a second one
    follows.
    """

    def __init__(self, file):
        self._file, self._error = file, None
        self.seek, self.tell = file.seek, file.tell

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, content) -> int:
        if self._error is None:
            try:
                self._file.write(content)
            except OSError as error:
                self._error = error
        return len(content)

    def flush(self) -> int:
        """Hands all bytes on; how many the file has. OSError where one could not be written."""
        self.raise_error()
        self._file.flush()
        return os.path.getsize(self._file.fileno())

    def raise_error(self) -> None:
        if self._error is not None:
            raise self._error
