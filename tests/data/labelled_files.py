"""Labelled sets to test with: every layout, strays and all, on disk.

train, test, masks = labelled_clips({"Train001": 20}, {"Test001": 30, "Test002": 20},
                                    {"Test001": [(5, 12)]})
labels = write_ucsd(folder, train, test, masks)
"""

import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pytest

from tests.data.video_files import moving_frames, write_folder, write_video
from vpn_anomaly.errors import UserError

FOREIGN = 255  # the level of what is anomalous; the rest of a frame is darker
STRAYS = (".DS_Store", "Thumbs.db", "._001.tif", "._01.avi", "notes.txt")


def labelled_clips(
    train: Mapping[str, int],
    test: Mapping[str, int],
    anomalous: Mapping[str, Sequence[tuple[int, int]]],
    height=24,
    width=32,
):
    """Clips of noise that moves a pixel a frame; in some frames a bright square stands still in it.

    Args:
      train, test: frames of every clip by its name.
      anomalous: for a test clip's name half-open ranges of its frames, counted from 0.

    Returns:
      Training clips and test clips by name, uint8 (T, H, W); masks of test clips, bool (T, H, W).
    """
    frames = {
        name: moving_frames(count, height, width, 1, seed)[..., 0] // 2
        for seed, (name, count) in enumerate((train | test).items())
    }
    masks = {name: np.zeros((count, height, width), bool) for name, count in test.items()}
    for name, ranges in anomalous.items():
        for first, end in ranges:
            masks[name][first:end, height // 4 : height // 2, width // 4 : width // 2] = True
        frames[name] = np.where(masks[name], np.uint8(FOREIGN), frames[name])
    return {name: frames[name] for name in train}, {name: frames[name] for name in test}, masks


def write_ucsd(
    folder,
    train: Mapping[str, np.ndarray],
    test: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    *,
    name="{:03d}.tif",
    mask_names: Mapping[str, str] | None = None,
    label_file="UCSDped1.m",
    labels: str | None = None,
    strays=True,
) -> dict[str, np.ndarray]:
    """Writes clips, uint8 (T, H, W), and their masks, bool (T, H, W), in UCSD's layout.

    Args:
      masks: of any test clips; those that have none here have no anomaly and no folder of masks.
      name: of the images, numbered from 1.
      mask_names: the names of a clip's masks where they are not 001.bmp, 002.bmp …
      labels: the text of the file of labels; None: what the masks say.

    Returns:
      The labels of the test clips by name, bool (T,).
    """
    folder = pathlib.Path(folder)
    for part, clips in (("Train", train), ("Test", test)):
        _write_folders(folder / part, clips, name, first=1)
    for clip, mask_TxHxW in masks.items():
        mask_name = (mask_names or {}).get(clip, "{:03d}.bmp")
        level_TxHxW = np.where(mask_TxHxW, np.uint8(255), np.uint8(0))
        _write_folders(folder / "Test", {f"{clip}_gt": level_TxHxW}, mask_name, first=1)
    truth = _labels(test, masks)
    lines = [
        "TestVideoFile = {};",
        *(f"TestVideoFile{{end+1}}.gt_frame = {_matlab(label_T)};" for label_T in truth.values()),
    ]
    (folder / "Test" / label_file).write_text(labels or "\n".join(lines) + "\n")
    if strays:
        strew(folder)
        for stray in (f"{label_file}~", f"._{label_file}"):
            (folder / "Test" / stray).write_text("TestVideoFile = {};\n")
    return truth


def write_avenue(
    folder,
    train: Mapping[str, np.ndarray],
    test: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    *,
    label_folder="ground_truth_demo/testing_label_mask",
    ending=".avi",
    anomalous=1,
    dtype=np.uint8,
    strays=True,
) -> dict[str, np.ndarray]:
    """Writes clips, uint8 (T, H, W), "01" the first, and their masks, bool (T, H, W), as Avenue is.

    Args:
      masks: of any test clips; those that have none here have masks without a pixel.
      label_folder: where the masks are.
      ending: of the videos, which are without loss.
      anomalous, dtype: how the masks are stored.

    Returns:
      The labels of the test clips by name, bool (T,).
    """
    folder = pathlib.Path(folder)
    for part, clips in (("training_videos", train), ("testing_videos", test)):
        (folder / part).mkdir(parents=True)
        for name, frame_TxHxW in clips.items():
            write_video(folder / part / f"{name}{ending}", frame_TxHxW[..., None])
    (folder / label_folder).mkdir(parents=True)
    for name, frame_TxHxW in test.items():
        mask_TxHxW = masks.get(name, np.zeros(frame_TxHxW.shape, bool))
        write_cells(
            folder / label_folder / f"{int(name)}_label.mat",
            mask_TxHxW.astype(dtype) * np.asarray(anomalous, dtype),
        )
    if strays:
        strew(folder)
        copies = folder / "ground_truth_demo/testing_videos"
        copies.mkdir(parents=True, exist_ok=True)
        (copies / "99.avi").write_bytes(b"a copy that nobody looks at")
    return _labels(test, masks)


def write_cells(path, cells: Sequence[np.ndarray], variable="volLabel") -> None:
    """A MATLAB v5 file with a cell array (1, T)."""
    from scipy.io import savemat

    cell_1xT = np.empty((1, len(cells)), object)
    for number, cell in enumerate(cells):
        cell_1xT[0, number] = cell
    savemat(path, {variable: cell_1xT, "other": 1})


def write_shanghaitech(
    folder,
    train: Mapping[str, np.ndarray],
    test: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    *,
    name="{:03d}.jpg",
    first=0,
    train_as: Collection[str] = ("videos",),
    anomalous=1,
    strays=True,
) -> dict[str, np.ndarray]:
    """Writes clips, uint8 (T, H, W), and their masks, bool (T, H, W), in ShanghaiTech's layout.

    Args:
      masks: of any test clips; those that have none here have no anomaly and no pixel masks.
      name, first: of the images, .png without loss, and the number of the first.
      train_as: "videos", "frames" or both.
      anomalous: how labels and masks are stored.

    Returns:
      The labels of the test clips by name, bool (T,).
    """
    folder = pathlib.Path(folder)
    if "videos" in train_as:
        (folder / "training/videos").mkdir(parents=True)
        for clip, frame_TxHxW in train.items():
            write_video(folder / "training/videos" / f"{clip}.avi", frame_TxHxW[..., None])
    if "frames" in train_as:
        _write_folders(folder / "training/frames", train, name, first)
    _write_folders(folder / "testing/frames", test, name, first)
    truth = _labels(test, masks)
    for kind, arrays in (("test_frame_mask", truth), ("test_pixel_mask", masks)):
        (folder / "testing" / kind).mkdir()
        for clip, array in arrays.items():
            np.save(folder / "testing" / kind / f"{clip}.npy", array * np.uint8(anomalous))
    if strays:
        strew(folder)
    return truth


def write_frame_folders(
    folder,
    train: Mapping[str, np.ndarray],
    test: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    *,
    name="{:03d}.jpg",
    first=0,
    labels: Collection[str] = ("ped2.mat",),
    mask_folder: str | None = "pixel_masks",
    strays=True,
) -> dict[str, np.ndarray]:
    """Writes clips, uint8 (T, H, W), and their masks, bool (T, H, W), as ano_pred passes them on.

    Args:
      masks: of any test clips; those that have none here have no anomaly and no pixel masks.
      name, first: of the images, .png without loss, and the number of the first.
      labels: the files of labels: ranges in a .mat, a vector (1, N) in a .npy.
      mask_folder: where the masks are, a .npy per clip; None: nowhere.

    Returns:
      The labels of the test clips by name, bool (T,).
    """
    folder = pathlib.Path(folder)
    _write_folders(folder / "training/frames", train, name, first)
    _write_folders(folder / "testing/frames", test, name, first)
    truth = _labels(test, masks)
    for file in labels:
        if file.endswith(".mat"):
            write_cells(folder / file, [_ranges(label_T) for label_T in truth.values()], "gt")
        else:
            np.save(folder / file, np.concatenate(list(truth.values()))[None].astype(np.int64))
    if mask_folder:
        (folder / mask_folder).mkdir()
        for clip, mask_TxHxW in masks.items():
            np.save(folder / mask_folder / f"{clip}.npy", mask_TxHxW.astype(np.uint8))
    if strays:
        strew(folder)
    return truth


def refused(read: Callable, folder: pathlib.Path, *words: str) -> str:
    """The one line, about something in the folder and with these words, by which reading it is refused."""
    with pytest.raises(UserError) as caught:
        read(folder)
    line = str(caught.value)
    assert "\n" not in line and line.startswith(str(folder))
    for word in words:
        assert word in line
    return line


def strew(folder: pathlib.Path) -> None:
    """Puts what operating systems and people leave behind into all folders, and a hidden folder."""
    for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        for name in STRAYS:
            (place / name).write_bytes(b"\0\5\x16\7")
        (place / ".ipynb_checkpoints").mkdir()


def _write_folders(parent, clips, name, first) -> None:
    parent.mkdir(parents=True, exist_ok=True)
    for clip, frame_TxHxW in clips.items():
        write_folder(parent / clip, frame_TxHxW[..., None], name, first)


def _labels(test, masks) -> dict[str, np.ndarray]:
    return {
        name: masks[name].any((1, 2)) if name in masks else np.zeros(len(frame_TxHxW), bool)
        for name, frame_TxHxW in test.items()
    }


def _ranges(label_T) -> np.ndarray:
    """(2, n): first and last frame of every range, counted from 1."""
    return np.flatnonzero(np.diff(label_T, prepend=False, append=False)).reshape(-1, 2).T + [[1], [0]]


def _matlab(label_T) -> str:
    """[5:90, 140:200] for labels."""
    return f"[{', '.join(f'{first}:{last}' for first, last in _ranges(label_T).T)}]"
