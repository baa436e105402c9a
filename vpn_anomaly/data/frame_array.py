"""The frames of one .npy file as the frames of a video."""

from collections.abc import Iterator

import numpy as np

from vpn_anomaly.errors import UserError

NEEDED = "needed is a .npy of uint8 frames, (T, H, W) or (T, H, W, C) with C 1 or 3"


class FrameArray:
    """Frames of a .npy, uint8 (T, H, W) or (T, H, W, C), memory-mapped, `rate` a second."""

    live = False

    def __init__(self, path: str, rate: float):
        self.rate = rate
        self._frame_TxHxWxC = read_frames(path)
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
        """A .npy that opens is whole."""
        return []

    def close(self) -> None:
        """Lets go of the memory map."""
        self._frame_TxHxWxC = None


def read_frames(path: str) -> np.ndarray:
    """The file's frames, uint8 (T, H, W, C), memory-mapped. UserError if it has none."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except EOFError as error:
        raise UserError(f"{path}: the file is empty; {NEEDED}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {NEEDED}") from error
    except Exception as error:  # damage surfaces as several types: value, token, struct …
        raise UserError(f"{path}: not a .npy, truncated or damaged; {NEEDED}") from error
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path}: not one array; {NEEDED}")
    if array.dtype != np.uint8:
        raise UserError(f"{path}: values of type {array.dtype}; {NEEDED}")
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[-1] not in (1, 3)):
        raise UserError(f"{path}: an array of shape {array.shape}; {NEEDED}")
    if not array.size:
        raise UserError(f"{path}: no frames in it, its shape is {array.shape}; {NEEDED}")
    return array if array.ndim == 4 else array[..., None]
