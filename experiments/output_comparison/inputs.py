"""Input files of the cases: squares that bounce in front of a static background, drawn with numpy."""

import os
import pathlib
import shutil

import numpy as np

from experiments.synthetic.ucsd_files import write_ucsd

HEIGHT, WIDTH = 64, 96
SIDE = 12  # of a square, pixels
SQUARES = ((220, 1.0, 1.5), (130, 1.5, -1.0))  # grey level, pixels per frame downwards and to the right
NOISE = 8  # grey levels
SEQUENCES, SEQUENCE_FRAMES, SEQUENCE_SIDE = 6, 20, 64
NORMAL_FRAMES, WATCHED_FRAMES = 800, 160
CLIPS, NORMAL_CLIP_FRAMES, TEST_CLIP_FRAMES = 3, 160, 50
FOREIGN = slice(8, 20), slice(60, 72)  # rows and columns of the foreign object
FOREIGN_LEVEL = 150
FOREIGN_FRAMES, FROZEN_FRAMES = range(50, 80), range(110, 130)
FOREIGN_CLIP_FRAMES = range(25, 40)  # in every test clip


def make_inputs(folder: pathlib.Path) -> None:
    """Creates the folder with all inputs atomically, unless it exists.

    sequences.npz: (6, 20, 64, 64). normal.npy, watched.npy: (T, 64, 96); in the second a foreign object
    appears, and later all motion stops. ucsd: a labelled set with masks. All images are uint8.
    """
    if folder.exists():
        return
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    sequences = [
        moving_squares(seed, SEQUENCE_FRAMES, SEQUENCE_SIDE, SEQUENCE_SIDE) for seed in range(SEQUENCES)
    ]
    np.savez(partial / "sequences.npz", sequences=np.stack(sequences))
    np.save(partial / "normal.npy", moving_squares(0, NORMAL_FRAMES, HEIGHT, WIDTH))
    np.save(partial / "watched.npy", _watched())
    _write_labelled(partial / "ucsd")
    os.replace(partial, folder)


def moving_squares(seed: int, frames: int, height: int, width: int) -> np.ndarray:
    """A video of two squares that bounce off the borders, with noise: uint8 (T, H, W)."""
    tiles = np.random.default_rng(0).integers(20, 60, (height // 8, width // 8))  # the same in all videos
    background = tiles.repeat(8, 0).repeat(8, 1)
    rng = np.random.default_rng(seed)
    film = background + rng.integers(0, NOISE, (frames, height, width))
    time = np.arange(frames)
    for level, *speeds in SQUARES:
        starts = rng.uniform(0, 200, 2)
        top, left = (
            _reflected(start + speed * time, extent - SIDE)
            for start, speed, extent in zip(starts, speeds, (height, width), strict=True)
        )
        for number in range(frames):
            film[number, top[number] : top[number] + SIDE, left[number] : left[number] + SIDE] = level
    return film.astype(np.uint8)


def _reflected(place: np.ndarray, largest: int) -> np.ndarray:
    """Positions on a line reflected into 0..largest, rounded to integers."""
    return np.rint(largest - np.abs(place % (2 * largest) - largest)).astype(int)


def _watched() -> np.ndarray:
    film = moving_squares(1, WATCHED_FRAMES, HEIGHT, WIDTH)
    film[FOREIGN_FRAMES, *FOREIGN] = FOREIGN_LEVEL
    film[FROZEN_FRAMES] = film[FROZEN_FRAMES[0]]
    return film


def _write_labelled(folder: pathlib.Path) -> None:
    normal = moving_squares(2, CLIPS * NORMAL_CLIP_FRAMES, HEIGHT, WIDTH)
    test = moving_squares(3, CLIPS * TEST_CLIP_FRAMES, HEIGHT, WIDTH)
    mask_TxHxW = np.zeros(test.shape, bool)
    foreign = [number for number in range(len(test)) if number % TEST_CLIP_FRAMES in FOREIGN_CLIP_FRAMES]
    mask_TxHxW[foreign, *FOREIGN] = True
    test[mask_TxHxW] = FOREIGN_LEVEL
    write_ucsd(
        folder,
        "UCSDped2",
        normal,
        test,
        lambda number: mask_TxHxW[number],
        clips=CLIPS,
        normal_length=NORMAL_CLIP_FRAMES,
        test_length=TEST_CLIP_FRAMES,
        truth={},
    )
