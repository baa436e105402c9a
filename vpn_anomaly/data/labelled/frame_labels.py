"""The labels of all test clips of a set in one file, as the successors of ano_pred keep them.

NAME.mat                 gt, a cell per clip: (2, n), first and last frame of each range, counted from 1
frame_labels_NAME.npy    0 or 1 for every frame of all clips, in natural order: (N,) or (1, N)

They lie in the folder of the set or in its testing/; if there are none, files of these kinds that bear
the folder's name are looked for beside it. A gt_label.json is a pickle, which is never loaded.
"""

import functools
import logging
import os
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from vpn_anomaly.data.labelled import labelled_set, matlab_file
from vpn_anomaly.data.labelled.label_arrays import map_label_array
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import files_in
from vpn_anomaly.errors import UserError

VARIABLE = "gt"
ARRAY_PREFIX = "frame_labels_"
NEEDED = (
    f"expected a MATLAB file with {VARIABLE}, a cell for every test clip that holds a matrix (2, n): the"
    " first and the last frame of each range, counted from 1"
)
ARRAY_SHAPE = "(N,) or (1, N), N frames of all test clips together"
PICKLE = "gt_label.json"
PICKLE_FOLDERS = ("", "testing", "ground_truth_demo")


def label_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The label files of a set: one .mat, one .npy, or both; empty if there are none.

    Raises:
      UserError: there are several of one kind, or none but a pickle.
    """
    inside = [path for place in (folder, folder / "testing") for path in files_in(place)]
    own = _at_most_one(folder, filter(_is_matlab, inside)) + _at_most_one(folder, filter(_is_array, inside))
    found = own or _beside(folder)
    pickled = next((path for at in PICKLE_FOLDERS if (path := folder / at / PICKLE).is_file()), None)
    if pickled and not found:
        raise UserError(
            f"{pickled}: HF2-VAD's labels are a pickle, which is never loaded, as it can run any program;"
            f" put NAME.mat or {ARRAY_PREFIX}NAME.npy of the set into {folder}"
        )
    if pickled:
        _say_unread(pickled, found[0])
    return found


def read_labels(
    paths: list[pathlib.Path], testing: pathlib.Path, frames: Mapping[str, int], limit: MemoryLimit
) -> list[np.ndarray]:
    """The labels of every clip, bool (T,), on which all files agree.

    Args:
      testing: the folder of the clips.
      frames: how many frames every clip has, by its name.

    Raises:
      UserError: a file cannot be read, does not fit the clips, or disagrees with another one.
    """
    labels = [_read(path, testing, frames, limit) for path in paths]
    for path, other in zip(paths[1:], labels[1:], strict=True):
        _check_agreement((paths[0], path), np.concatenate(labels[0]), np.concatenate(other), frames)
    return labels[0]


def _is_matlab(path: pathlib.Path) -> bool:
    return path.suffix.lower() == ".mat"


def _is_array(path: pathlib.Path) -> bool:
    return path.suffix.lower() == ".npy" and path.name.lower().startswith(ARRAY_PREFIX)


def _at_most_one(folder: pathlib.Path, found: Iterable[pathlib.Path]) -> list[pathlib.Path]:
    paths = list(found)
    if len(paths) > 1:
        names = shortened([str(path.relative_to(folder)) for path in paths])
        raise UserError(f"{folder}: {len(paths)} files of labels ({names}); keep the one of this set")
    return paths


def _beside(folder: pathlib.Path) -> list[pathlib.Path]:
    """The label files beside the folder that bear its name."""
    above, name = os.path.split(os.path.abspath(folder))
    found = []
    for kind in ("{}.mat", ARRAY_PREFIX + "{}.npy"):
        of_kind = (pathlib.Path(above, kind.format(one)) for one in (name, name.lower()))
        found += list(filter(pathlib.Path.is_file, of_kind))[:1]
    return found


@functools.cache  # said once, although the labels are checked several times
def _say_unread(pickled: pathlib.Path, taken: pathlib.Path) -> None:
    logging.getLogger("vpn_anomaly.data").warning(
        f"{pickled} is a pickle and is not read; the labels are those of {taken}"
    )


def _read(
    path: pathlib.Path, testing: pathlib.Path, frames: Mapping[str, int], limit: MemoryLimit
) -> list[np.ndarray]:
    if _is_array(path):
        return _read_array(path, testing, frames, limit)
    cells = matlab_file.read_cells(path, VARIABLE, limit, NEEDED, may_be_empty=True).ravel()
    labelled_set.check_clip_count(path, len(cells), testing, len(frames))
    return [
        labelled_set.range_labels(
            _ranges(f"{path}: cell {number} of {VARIABLE}", cell, count), count, path, testing / clip
        )
        for number, (cell, (clip, count)) in enumerate(zip(cells, frames.items(), strict=True), 1)
    ]


def _ranges(place: str, cell: np.ndarray, frames: int) -> list[tuple[int, int]]:
    """The ranges of frames in a cell; one that is [] or 0 has none."""
    if not cell.any():
        return []
    range_2xN = cell.reshape(2, 1) if cell.shape == (1, 2) else cell
    if len(range_2xN) != 2 or range_2xN.size > 2 * frames:
        raise UserError(f"{place} is {list(cell.shape)} for a clip of {frames} frames; {NEEDED}")
    if not np.all(np.isfinite(range_2xN)) or np.any(range_2xN % 1):
        raise UserError(f"{place} has numbers that are not whole; {NEEDED}")
    ranges = ((int(first), int(last)) for first, last in range_2xN.T)
    return [one for one in ranges if any(one)]


def _read_array(
    path: pathlib.Path, testing: pathlib.Path, frames: Mapping[str, int], limit: MemoryLimit
) -> list[np.ndarray]:
    array = map_label_array(path, (1, 2), ARRAY_SHAPE, limit)
    if array.size != max(array.shape):
        raise UserError(f"{path}: {array.dtype}{list(array.shape)} in it; expected {ARRAY_SHAPE}")
    value_N = array.ravel()
    labelled_set.check_count(path, len(value_N), "labels", testing, sum(frames.values()))
    other_N = value_N[(value_N != 0) & (value_N != 1)]
    if other_N.size:
        raise UserError(f"{path}: {other_N[0]} in it; expected 0 and 1, {ARRAY_SHAPE}")
    return np.split(value_N != 0, np.cumsum(list(frames.values()))[:-1])


def _check_agreement(
    paths: tuple[pathlib.Path, pathlib.Path],
    label_N: np.ndarray,
    other_N: np.ndarray,
    frames: Mapping[str, int],
) -> None:
    differing = np.flatnonzero(label_N != other_N)
    if not differing.size:
        return
    starts = np.cumsum([0, *frames.values()])
    clip = int(np.searchsorted(starts, differing[0], side="right")) - 1
    raise UserError(
        f"{paths[0]} and {paths[1]} disagree about {differing.size} of {label_N.size} frames, first about"
        f" frame {differing[0] - starts[clip] + 1} of {list(frames)[clip]} (counted from 1); keep the one"
        " that is right"
    )
