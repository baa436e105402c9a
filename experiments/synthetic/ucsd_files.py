"""Writes videos in the layout of the UCSD data set: clips as image folders, MATLAB labels, pixel masks."""

import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from experiments.synthetic.world_files import TRUTH
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.storage import workdir

LEAST_DIGITS = 3


def write_ucsd(
    directory: pathlib.Path,
    name: str,
    normal: Iterable[np.ndarray],
    test: Iterable[np.ndarray],
    mask: Callable[[int], np.ndarray],
    *,
    clips: int,
    normal_length: int,
    test_length: int,
    truth: Mapping[str, object],
) -> None:
    """Writes both videos cut into clips, then truth.json, and the labels last.

    A frame is labelled anomalous if its mask is not empty.

    Args:
      directory: created if necessary; it must not contain such files already.
      name: name of the label file without its extension.
      normal, test: the frames of all clips, uint8 (H, W); consumed one by one.
      mask: function from the number of a test frame to its mask, bool (H, W).
      clips: number of clips per video.
      normal_length, test_length: frames per clip.
      truth: content of truth.json.

    Raises:
      UserError: a file cannot be written, or the directory already contains such files.
    """
    check_place(directory)
    for clip, frames in _cut("Train", normal, clips, normal_length):
        _write_clip(directory / clip, frames, normal_length)
    labels, numbers = [], itertools.count()
    for clip, frames in _cut("Test", test, clips, test_length):
        _write_clip(directory / clip, frames, test_length)
        labels.append([])
        masks = map(mask, itertools.islice(numbers, test_length))
        _write_clip(directory / f"{clip}_gt", _pictures(masks, labels[-1]), test_length, "bmp")
    workdir.write_json(directory / TRUTH, truth)
    text = "TestVideoFile = {};\n" + "".join(
        f"TestVideoFile{{end+1}}.gt_frame = [{_ranges(label_T)}];\n" for label_T in labels
    )
    output_files.write_atomically(directory / "Test" / f"{name}.m", lambda file: file.write(text.encode()))


def check_place(directory: pathlib.Path) -> None:
    """Raises UserError if the directory already contains such files or cannot be written to."""
    for old in ("Train", "Test", TRUTH):
        if (directory / old).exists():  # files of two data sets would mix
            raise UserError(f"{directory / old} is there already; give a new folder, or delete it")
    output_files.check_outputs_in(directory, TRUTH)


def _cut(part: str, frames: Iterable[np.ndarray], clips: int, length: int) -> Iterator[tuple]:
    """Yields the path of each clip, such as Train/Train001, with its frames."""
    frames, digits = iter(frames), max(LEAST_DIGITS, len(str(clips)))
    for number in range(1, clips + 1):
        yield f"{part}/{part}{number:0{digits}d}", itertools.islice(frames, length)
    next(frames, None)  # lets a generator finish, which reports its last frame only then


def _pictures(masks: Iterable[np.ndarray], label_T: list[bool]) -> Iterator[np.ndarray]:
    """Yields masks as images of 0 and 255; appends to `label_T` whether each has a pixel."""
    for mask_HxW in masks:
        label_T.append(bool(mask_HxW.any()))
        yield np.where(mask_HxW, np.uint8(255), np.uint8(0))


def _write_clip(folder: pathlib.Path, frames: Iterable[np.ndarray], length: int, ending="tif") -> None:
    """Writes images 001.tif, 002.tif, …, each atomically."""
    from PIL import Image  # imported here: generating frames needs no image library

    with output_files.storing(folder):
        folder.mkdir(parents=True)
    digits = max(LEAST_DIGITS, len(str(length)))
    kind = {"tif": "TIFF", "bmp": "BMP"}[ending]
    for number, frame_HxW in enumerate(frames, 1):
        image = Image.fromarray(frame_HxW)
        output_files.write_atomically(
            folder / f"{number:0{digits}d}.{ending}", lambda file, image=image: image.save(file, kind)
        )


def _ranges(label_T: list[bool]) -> str:
    """Ranges of true labels in MATLAB notation, counted from 1: "5:90, 140:200"."""
    edges = np.flatnonzero(np.diff(label_T, prepend=False, append=False)).reshape(-1, 2)
    return ", ".join(f"{first + 1}:{end}" for first, end in edges.tolist())
