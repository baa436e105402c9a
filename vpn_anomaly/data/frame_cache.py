"""Frames of video files, decoded once and kept as memory-mapped arrays.

A file's frames lie in FOLDER/NAME-DIGEST.npy, uint8 (T, H, W, C). The digest is of the file's path,
size and time of change and of how it is looked at, so that another look, or a file that was
replaced, is decoded anew.
"""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import sys
import time

import numpy as np

from vpn_anomaly.data.video import Look, Video, open_video
from vpn_anomaly.display_names import display_name
from vpn_anomaly.errors import UserError
from vpn_anomaly.pace import Pace
from vpn_anomaly.plain_line import plain_line

GIGABYTE = 10**9


def default_folder() -> pathlib.Path:
    """The user's folder for caches, where the system says one: $XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "vpn_anomaly"


class FrameCache:
    """Decoded videos of one look in one folder, up to a size in all.

    Attributes:
      problems: a line for every file that broke on the way, of those decoded by this cache.
    """

    def __init__(self, folder: pathlib.Path, look: Look, gigabytes: float):
        self._folder, self._look, self._limit = folder, look, int(gigabytes * GIGABYTE)
        self._used, self._pace = 0, Pace()
        self.problems: list[str] = []

    def frames(self, source: str) -> np.ndarray:
        """The frames of a source that ends, uint8 (T, H, W, C), memory-mapped.

        Raises:
          UserError: the source cannot be read or does not end, the cache has become larger than
            its limit, or cannot be written.
        """
        stem = pathlib.Path(display_name(source)).stem
        path = self._folder / f"{stem}-{_digest(source, self._look)}.npy"
        if not path.exists():
            self._decode(source, path)
        try:
            frame_TxHxWxC = np.load(path, mmap_mode="r")
        except OSError as error:
            raise UserError(f"cannot open {path}: {(error.strerror or str(error)).lower()}; every video needs"
                            " an open file: allow more of them (ulimit -n 4096), or train on fewer") from error
        self._take(frame_TxHxWxC.nbytes, source)
        return frame_TxHxWxC

    def _decode(self, source: str, path: pathlib.Path) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open_video(source, self._look) as video, partial.open("wb") as file:
                if video.live:
                    raise UserError(f"{video.name}: a live source does not end; record a file of"
                                    " normal footage to train on")
                self._write(video, file)
                if video.problem:
                    self.problems.append(f"{video.name}: {video.problem}")
            os.replace(partial, path)
        except OSError as error:
            raise UserError(f"cannot write {self._folder}: {(error.strerror or str(error)).lower()};"
                            " make room, or choose another folder with data.video.cache") from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def _write(self, video: Video, file) -> None:
        """Writes a .npy whose header is filled in at the end: its length is not known before."""
        shape, count = (*video.size, self._look.channels), 0
        _write_header(file, 0, shape)
        start = file.tell()
        for count, frame in enumerate(video, start=1):
            file.write(frame.image.tobytes())
            if self._used + file.tell() > self._limit:
                raise UserError(self._too_large(video.name))
            if self._pace.due(time.monotonic(), last=False):
                of = f" of {video.expected_frames}" if video.expected_frames else ""
                print(plain_line(f"decoding {video.name}: {count}{of} frames"), file=sys.stderr, flush=True)
        file.seek(0)
        _write_header(file, count, shape)
        if file.tell() != start:
            raise ValueError("the header of the .npy has another length than before")

    def _take(self, size: int, source: str) -> None:
        self._used += size
        if self._used > self._limit:
            raise UserError(self._too_large(source))

    def _too_large(self, source: str) -> str:
        return (f"with {display_name(source)} the decoded frames are more than data.video.cache_gigabytes"
                f" {self._limit / GIGABYTE:g}; raise it, or set a smaller data.video.height and"
                " data.video.width or a lower data.video.rate, or train on less footage")


def _write_header(file, frames: int, shape: tuple[int, ...]) -> None:
    """numpy leaves room in the header, so that the first axis can grow."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (frames, *shape)}
    np.lib.format.write_array_header_1_0(file, header)


def _digest(source: str, look: Look) -> str:
    """Of a folder of images the names and the times count, as of a file."""
    path = pathlib.Path(source)
    parts = sorted(path.iterdir()) if path.is_dir() else [path]
    states = [(part.name, part.stat().st_size, part.stat().st_mtime_ns)
              for part in parts if part.exists()]
    described = repr((str(path.resolve()), states, dataclasses.astuple(look)))
    return hashlib.sha256(described.encode()).hexdigest()[:16]
