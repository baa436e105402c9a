"""Labels and masks in .npy files: arrays of 0 and 1, one file per clip or per set."""

import math
import pathlib
from collections.abc import Collection

import numpy as np

from vpn_anomaly.data import array_files
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.errors import UserError


def map_label_array(path: pathlib.Path, axes: Collection[int], shape: str, limit: MemoryLimit) -> np.ndarray:
    """The array in a .npy file, memory-mapped.

    Args:
      axes: how many axes it may have.
      shape: the expected shape in words, for error messages.

    Raises UserError if it cannot be read, holds something else, or exceeds the limit as bytes of 0 and 1.
    """
    needed = f"expected a .npy of 0 and 1, {shape}"

    def check(header: array_files.Header) -> None:
        if len(header.shape) not in axes or header.dtype.kind not in "biuf":
            raise UserError(f"{path}: {header.dtype}{list(header.shape)} in it; {needed}")
        limit.check(path, math.prod(header.shape), "the array in it")

    try:
        return array_files.map_array(path, check)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); {needed}") from error
    except array_files.SeveralArrays as error:
        raise UserError(f"{path}: several arrays in it; {needed}") from error
    except array_files.UnsupportedArray as error:
        raise UserError(f"{path}: it {error}; {needed}") from error
    except ValueError as error:
        raise UserError(f"{path}: not a .npy, truncated or damaged; {needed}") from error
