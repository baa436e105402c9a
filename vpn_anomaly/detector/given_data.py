"""What callers of the library give: sequences to score, and data to train on as fields of the config."""

import os
import pathlib
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.array_files import is_image_shape
from vpn_anomaly.data.sequence_files import FileSequences, read_sequences
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names, output_files

Path = str | os.PathLike
Data = np.ndarray | Path | Sequence[Path] | tuple[str, Path]

ARRAY, FILES = ".data.npy", ".data"  # in the folder of the run: what was given as an array; links to files
_SEQUENCES = "give uint8 sequences, (N, T, H, W) or (N, T, H, W, C) with C 1 or 3"
_FRAMES = "give uint8 frames, (T, H, W) or (T, H, W, C) with C 1 or 3"


def sequences(given: np.ndarray | Path, max_gigabytes: float) -> tuple[np.ndarray, str]:
    """The sequences of an array or a file, uint8 (N, T, H, W, C), and their name for errors.

    UserError for anything else.
    """
    if isinstance(given, (str, os.PathLike)):
        path = file_names.expanded(os.fspath(given), "sequences ")
        return read_sequences(path, memory_limit.for_sequences(max_gigabytes)), path
    return _with_colours(given, 4, _SEQUENCES), "the given sequences"


def fields(data: Data | None, config: ConfigDict, workdir: pathlib.Path) -> dict[str, object]:
    """The fields of a config that name the data to train on.

    Args:
        data: None: as the config says. A file, folder or pattern; a list of files; an array of sequences, or of
            frames for a config that trains on videos; (name, folder) of a labelled set.
        config: to be trained.
        workdir: the folder of the run, in which an array is kept, so that the run can be resumed.

    UserError for data that the config cannot be trained on.
    """
    on_sequences = config.data.source == "sequences"
    if data is None:
        return {}
    if isinstance(data, tuple) and len(data) == 2 and data[0] in LABELLED_SOURCES:
        return {"data.source": data[0], "data.path": os.fspath(data[1])}
    if isinstance(data, (str, os.PathLike)):
        path = os.fspath(data)
    elif isinstance(data, np.ndarray):
        needed = (4, _SEQUENCES) if on_sequences else (3, _FRAMES)
        path = _kept(_with_colours(data, *needed), workdir)
    else:
        path = _linked(data, workdir)
    return {"data.path": path} | (_shape_of(path, config) if on_sequences else {})


def _shape_of(path: str, config: ConfigDict) -> dict[str, object]:
    """The fields of size of a file of sequences, and how many of them calibrate and test: at most as it has."""
    of_file = FileSequences(read_sequences(path, memory_limit.for_sequences(config.score.max_gigabytes)))
    (frames, height, width, channels), asked = of_file.shape, config.evaluate
    calibrating, tested = of_file.length("validation"), of_file.length("test") // 2
    return {
        "data.height": height,
        "data.width": width,
        "data.channels": channels,
        "data.frames": min(frames, config.data.frames),
        "evaluate.calibration_sequences": max(2, min(asked.calibration_sequences, calibrating)),
        "evaluate.sequences": max(1, min(asked.sequences, tested)),
    }


def _with_colours(given: object, axes: int, needed: str) -> np.ndarray:
    """The array with an axis of colours. UserError unless it is uint8 with `axes` axes, or one more of 1 or 3."""
    array = given if isinstance(given, np.ndarray) else np.asarray(given)
    shape = array.shape
    if array.dtype != np.uint8 or not array.size or not is_image_shape(shape, axes):
        raise UserError(f"the given array is {array.dtype} of shape {shape}; {needed}")
    return array[..., None] if array.ndim == axes else array


def _kept(array: np.ndarray, workdir: pathlib.Path) -> str:
    """The file in the run's folder that has the array, which is written there unless it is there."""
    path = workdir.absolute() / ARRAY
    if path.exists():
        if not np.array_equal(np.load(path, mmap_mode="r"), array):
            raise UserError(f"{workdir} holds a run on another array; use another workdir")
        return str(path)
    with output_files.storing(workdir):
        workdir.mkdir(parents=True, exist_ok=True)
    output_files.write_atomically(path, lambda file: np.save(file, array))
    return str(path)


def _linked(files: Sequence[Path], workdir: pathlib.Path) -> str:
    """A folder in the run's with a link to each file, in their order."""
    folder = workdir.absolute() / FILES
    targets = [pathlib.Path(file_names.expanded(os.fspath(file), "data ")).absolute() for file in files]
    links = {f"{number:05d}-{target.name}": target for number, target in enumerate(targets)}
    if not links:
        raise UserError("no files to train on: the list is empty")
    for target in targets:
        if not target.exists():
            raise UserError(f"there is no file {target}")
    if folder.exists():
        if {link.name: link.readlink() for link in folder.iterdir()} != links:
            raise UserError(f"{workdir} holds a run on other files; use another workdir")
        return str(folder)
    with output_files.storing(folder):
        folder.mkdir(parents=True)
        for name, target in links.items():
            (folder / name).symlink_to(target)
    return str(folder)
