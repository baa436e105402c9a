"""Scores of a file of sequences, to CSV or JSONL, with maps as .npz on request."""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.sequence_files import check_shape, read_sequences
from vpn_anomaly.distributed import group
from vpn_anomaly.distributed.sharing import gathered, own_part
from vpn_anomaly.files import output_files
from vpn_anomaly.files.rows import write_rows
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.calibration import Calibration, derived_from
from vpn_anomaly.scoring.clip_calibration import clip_calibration, stored_clip_calibration
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.trained_model import TrainedModel


@dataclasses.dataclass(frozen=True)
class ScoreSettings:
    """How a file of sequences is scored.

    Attributes:
        frame_shape: (height, width, channels) of the frames that were trained on.
        every_frame: score each frame that has context; otherwise the last of every sequence.
        calibration_sequences: normal validation sequences that calibrate.
        open_source: opens the data of the training, which calibrate where no calibration is stored.
        max_gigabytes: that the sequences may take in memory.
    """

    frame_shape: tuple[int, int, int]
    every_frame: bool
    calibration_sequences: int
    open_source: Callable
    max_gigabytes: float


def build_score_settings(config) -> ScoreSettings:
    """The settings that a configuration names."""
    data, limit = config.data, config.score.max_gigabytes
    return ScoreSettings(
        (data.height, data.width, data.channels),
        config.score.every_frame,
        config.evaluate.calibration_sequences,
        functools.partial(build_source, data, limit),
        limit,
    )


def score_file(
    trained: TrainedModel,
    scorer: ClipScorer,
    settings: ScoreSettings,
    input_path: pathlib.Path,
    output: pathlib.Path,
    maps: pathlib.Path | None = None,
) -> None:
    """Scores frames of every sequence in a file; each process some of them, the first one writes.

    Args:
        input_path: sequences (N, T, H, W[, C]) uint8, .npz or .npy (see `data/sequence_files.py`).
        output: .csv or .jsonl; columns sequence, frame, the scores, and those derived from them (`any`).
        maps: .npz; one array (rows of `output`, H, W) per map name, and `shown` (M, H, W), the pixels
            that each of the M masks shows. A pixel that every mask shows is zero in maps of hidden pixels.

    UserError for an input that cannot be read, has another size or colour than was trained on, or
    too few frames.
    """
    sequences = read_sequences(input_path, memory_limit.for_sequences(settings.max_gigabytes))
    height, width, channels = settings.frame_shape
    check_shape(
        sequences,
        input_path,
        height=height,
        width=width,
        channels=channels,
        minimum_frames=scorer.system.first_frame + 1,
    )
    normal = _calibration(trained, scorer, settings)
    last = sequences.shape[1] - 1
    first = scorer.system.first_frame if settings.every_frame else last
    frames = tuple(range(first, last + 1))
    part = own_part(len(sequences))
    rows: list[dict] = []
    map_parts = []
    progress = Progress.counting("scoring", part.stop - part.start, "sequences")
    for scores, batch_maps in scorer.batches(sequences[part], frames):
        scores |= normal.derived(scores)
        rows.extend(_rows(scores, part.start + len(rows) // len(frames), frames))
        if maps is not None:
            map_parts.append(batch_maps.value)
        progress(len(batch_maps.counted))
    all_rows, all_maps = (list(itertools.chain(*parts)) for parts in zip(*gathered((rows, map_parts))))
    group.by_first(lambda: write_rows(output, all_rows))
    if maps is not None:
        shown_MxHxW = scorer.system.shown(height, width, scorer.shift_Mx2)
        group.by_first(lambda: _write_maps(maps, all_maps, shown_MxHxW))


def _calibration(trained: TrainedModel, scorer: ClipScorer, settings: ScoreSettings) -> Calibration:
    """The stored calibration of what derived scores are made of.

    Only without one does scoring need the data of the training.
    """
    count, needed = settings.calibration_sequences, derived_from(score_names(scorer.system))
    stored = stored_clip_calibration(trained, scorer, count, needed)
    return stored or clip_calibration(trained, scorer, settings.open_source(), count)


def _rows(scores: dict[str, np.ndarray], first_sequence: int, frames: tuple[int, ...]):
    """One dict per sequence and frame, out of scores (b, G) in the order of the columns."""
    for place in range(len(next(iter(scores.values())))):
        for column, frame in enumerate(frames):
            values = {name: float(score[place, column]) for name, score in scores.items()}
            yield {"sequence": first_sequence + place, "frame": frame, **values}


def _write_maps(
    path: pathlib.Path, parts: Sequence[Mapping[str, jax.Array | np.ndarray]], shown_MxHxW: np.ndarray
) -> None:
    arrays = {
        name: np.concatenate([part[name].reshape(-1, *part[name].shape[2:]) for part in parts])
        for name in parts[0]
    }
    output_files.write_atomically(path, lambda file: np.savez(file, **arrays, shown=shown_MxHxW))  # type: ignore[arg-type]
