"""Frames of video files, decoded once and kept as memory-mapped arrays.

A source's frames are stored in FOLDER/NAME-DIGEST-TxHxWxC.npy, uint8 (T, H, W, C). The digest covers
the paths, sizes and modification times of the source's files and the video settings, so that a source
is decoded again if the settings change or files are added, removed, replaced or renamed. NAME is a
short, plain form of the source's name, for people. A file of another shape than its name states,
truncated or damaged, is written again.
"""

import contextlib
import dataclasses
import errno
import hashlib
import os
import pathlib
import re
from collections.abc import Iterator

import numpy as np

from vpn_anomaly.data.video import pipe
from vpn_anomaly.data.video.open_video import Video, VideoSettings, open_video
from vpn_anomaly.data.video.sources import image_files, is_address, is_camera
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names, partial_files
from vpn_anomaly.progress import Progress, pace_of_stderr
from vpn_anomaly.text.display_names import display_name

GIGABYTE = 10**9
LONGEST_NAME = 40  # characters of a source's name; a file system takes 255 bytes, and a character has up to 4
NO_MORE_OPEN_FILES = (errno.EMFILE, errno.ENFILE)


def default_cache_folder() -> pathlib.Path:
    """The folder vpn_anomaly in the user's cache folder: $XDG_CACHE_HOME, or ~/.cache.

    UserError for a user without a home folder, who has to set a folder.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return pathlib.Path(file_names.expanded(base, "XDG_CACHE_HOME=", folder=True)) / "vpn_anomaly"
    try:
        folder = file_names.expanded("~/.cache", folder=True)
    except UserError as error:
        raise UserError(
            "there is no folder for decoded frames, as no home folder is known: set"
            " --config.data.video.cache=DIR, or HOME or XDG_CACHE_HOME"
        ) from error
    return pathlib.Path(folder) / "vpn_anomaly"


class UnreadableSource(UserError):
    """One source cannot be read; others may be readable."""


class FrameCache:
    """Videos decoded with one set of video settings, in one folder, up to a total size.

    Attributes:
      problems: one line for every source that this cache decoded and found damaged.
    """

    def __init__(self, folder: pathlib.Path, settings: VideoSettings, gigabytes: float):
        self._folder, self._settings, self._limit = folder, settings, int(gigabytes * GIGABYTE)
        self._used, self._pace = 0, pace_of_stderr()  # one for all files
        self.problems: list[str] = []

    def frames(self, source: str) -> np.ndarray:
        """The frames of a finite source, uint8 (T, H, W, C), memory-mapped.

        Raises:
          UnreadableSource: the source cannot be read.
          UserError: it is live or a pipe, or the cache exceeds its size limit or cannot be written.
        """
        if pipe.is_pipe(source):
            raise UserError(
                f"{source}: a pipe is read once, but to train footage is read again and again;"
                " write it to a file first"
            )
        with _as_unreadable():
            start = f"{_plain_name(source)}-{_digest(source, self._settings)}"
        frame_TxHxWxC = self._kept(start)
        if frame_TxHxWxC is None:
            self._decode(source, start)
            frame_TxHxWxC = self._kept(start)
        if frame_TxHxWxC is None:
            raise UserError(
                f"the frames that were written to {self._folder} cannot be read back; choose"
                " another folder with data.video.cache"
            )
        self._take(frame_TxHxWxC.nbytes, source)
        return frame_TxHxWxC

    def _kept(self, start: str) -> np.ndarray | None:
        """The frames in the cached file whose name begins with `start`; None if none is intact."""
        for path in sorted(self._folder.glob(f"{start}-*.npy")):
            try:
                frame_TxHxWxC = np.load(path, mmap_mode="r")
                whole = path.stat().st_size == frame_TxHxWxC.offset + frame_TxHxWxC.nbytes
            except OSError as error:
                if error.errno in NO_MORE_OPEN_FILES:
                    raise UserError(
                        f"cannot open {path}: {error.strerror.lower()}; every video needs an"
                        " open file: allow more of them (ulimit -n 4096), or train on fewer"
                    ) from error
                continue
            except Exception:  # damage raises several types: value, end of file, token …
                continue
            same_shape = path.name == _file_name(start, frame_TxHxWxC.shape)
            if whole and same_shape and frame_TxHxWxC.dtype == np.uint8:
                return frame_TxHxWxC
        return None

    def _decode(self, source: str, start: str) -> None:
        partial = partial_files.partial_path(self._folder / start)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial_files.remove_abandoned(self._folder)
            with _as_unreadable():
                video = open_video(source, self._settings)
            with video, partial.open("xb") as file:
                if video.live:
                    raise UserError(
                        f"{video.name}: a live source does not end; record a file of"
                        " normal footage to train on"
                    )
                shape = self._write(video, file)
                if video.problem:
                    self.problems.append(f"{video.name}: {video.problem}")
            os.replace(partial, self._folder / _file_name(start, shape))
        except OSError as error:
            raise UserError(
                f"cannot write {self._folder}: {(error.strerror or str(error)).lower()};"
                " make room, or choose another folder with data.video.cache"
            ) from error
        finally:
            partial_files.remove(partial)

    def _write(self, video: Video, file) -> tuple[int, ...]:
        """Writes a .npy whose header is completed at the end, as its length is not known before.

        Returns its shape, (T, H, W, C).
        """
        shape = (*video.size, self._settings.channels)
        of = f" of {video.expected_frames}" if video.expected_frames else ""
        progress = Progress(lambda now: f"decoding {video.name}: {now.done}{of} frames", pace=self._pace)
        _write_header(file, 0, shape)
        start = file.tell()
        for frame in video:
            file.write(frame.image.tobytes())
            if self._used + file.tell() > self._limit:
                raise UserError(self._too_large(video.name))
            progress()
        progress.end()
        file.seek(0)
        _write_header(file, progress.done, shape)
        if file.tell() != start:
            raise ValueError("the header of the .npy has another length than before")
        file.flush()
        os.fsync(file.fileno())  # a file with its final name is complete, even after a power cut
        return progress.done, *shape

    def _take(self, size: int, source: str) -> None:
        self._used += size
        if self._used > self._limit:
            raise UserError(self._too_large(source))

    def _too_large(self, source: str) -> str:
        return (
            f"with {display_name(source)} the decoded frames are more than data.video.cache_gigabytes"
            f" {self._limit / GIGABYTE:g}; raise it, or set a smaller data.video.height and"
            " data.video.width or a lower data.video.rate, or train on less footage"
        )


@contextlib.contextmanager
def _as_unreadable() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise UnreadableSource(str(error)) from error


def _write_header(file, frames: int, shape: tuple[int, ...]) -> None:
    """Writes a .npy header, in which NumPy leaves room for the first axis to grow."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (frames, *shape)}
    np.lib.format.write_array_header_1_0(file, header)


def _file_name(start: str, shape: tuple[int, ...]) -> str:
    return f"{start}-{'x'.join(map(str, shape))}.npy"


def _plain_name(source: str) -> str:
    """The last part of the source's path without extension; nothing of an address, which may be secret."""
    if is_address(source) or is_camera(source):
        return "stream"
    return re.sub(r"\W+", "_", pathlib.Path(source).stem)[:LONGEST_NAME] or "source"


def _digest(source: str, settings: VideoSettings) -> str:
    """A digest of the source's files, with links resolved, and of the video settings."""
    if is_address(source) or is_camera(source):
        states = [source]
    else:
        files = image_files(source) or [pathlib.Path(source)]
        states = [(os.path.realpath(path), *_size_and_time(path)) for path in files]
    described = dataclasses.asdict(settings)
    described.pop("max_gigabytes")  # changes no frame
    identity = repr((states, tuple(described.values())))
    return hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()[:16]


def _size_and_time(path: pathlib.Path) -> tuple[int, ...]:
    """Size in bytes and modification time in nanoseconds; empty if the file does not exist."""
    try:
        state = path.stat()
    except OSError:
        return ()
    return state.st_size, state.st_mtime_ns
