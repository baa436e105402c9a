"""The frames of a .npy file as the frames of a video."""

import os
from collections.abc import Iterator

import numpy as np

from vpn_anomaly.data import array_files, memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.errors import UserError

NEEDED = "expected a .npy of uint8 frames, (T, H, W) or (T, H, W, C) with C 1 or 3"


class FrameArray:
    """Frames of a .npy file, uint8 (T, H, W) or (T, H, W, C), memory-mapped, `rate` per second."""

    live = False

    def __init__(self, path: str, rate: float, limit: MemoryLimit):
        self.rate = rate
        self._frame_TxHxWxC = read_frames(path, limit)
        self.expected_frames = len(self._frame_TxHxWxC)

    def pictures(self) -> Iterator[tuple]:
        """Yields (index, seconds, av.VideoFrame)."""
        import av

        for index, frame_HxWxC in enumerate(self._frame_TxHxWxC):
            grey = frame_HxWxC.shape[-1] == 1
            picture = frame_HxWxC[..., 0] if grey else frame_HxWxC
            frame = av.VideoFrame.from_ndarray(picture, format="gray" if grey else "rgb24")
            yield index, index / self.rate, frame

    def problems(self) -> list[str]:
        """None: a .npy that can be opened is complete."""
        return []

    def close(self) -> None:
        """Releases the memory map."""
        self._frame_TxHxWxC = None


def read_frames(path: str, limit: MemoryLimit | None = None) -> np.ndarray:
    """The file's frames, uint8 (T, H, W, C), memory-mapped.

    UserError if it has none, or if a frame exceeds the memory limit (None: the default).
    """
    limit = limit or memory_limit.for_footage()

    def check(header: array_files.Header) -> None:
        array_files.check_image_array(path, header, 3, "frames", NEEDED)
        picture_size.check(path, *header.shape[1:3], limit)

    try:
        if not os.path.getsize(path):
            raise UserError(f"{path}: the file is empty; {NEEDED}")
        array = array_files.map_array(path, check)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {NEEDED}") from error
    except array_files.SeveralArrays as error:
        raise UserError(f"{path}: not one array; {NEEDED}") from error
    except ValueError as error:
        raise UserError(f"{path}: not a .npy, truncated or damaged; {NEEDED}") from error
    return array if array.ndim == 4 else array[..., None]
