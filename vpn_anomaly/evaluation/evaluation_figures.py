"""The figures of an evaluation, in DIR/figures: maps, scores, the course of training."""

import pathlib

import numpy as np

from vpn_anomaly import workdir
from vpn_anomaly.data.corruptions import corrupt
from vpn_anomaly.data.lattice import shown
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.evaluation.curves import read_training_log, score_figure, training_figure
from vpn_anomaly.evaluation.figures import Scene, surprise_figure

DRAWN_SCORES = ("mean_nll", "tail_mean", "missing_z", "erased_z", "any", "frame_error")
# The maps of the paper's figure, each with the score that is written into it.
DRAWN_MAPS = {"nll": "mean_nll", "tail": "tail_mean", "missing": "missing_z", "error": "frame_error"}


def draw_figures(config, directory: pathlib.Path, scorer, source, scored, calibration) -> None:
    """Draws maps_CORRUPTION.png, scores.png, and training.png where there is a training log.

    The maps are those of the first corrupted test sequence; `mixed`, one of two kinds, has none.
    """
    folder = directory / "figures"
    with workdir.storing(folder):
        folder.mkdir(exist_ok=True)
        first_other = config.evaluate.sequences
        for kind in config.evaluate.corruptions:
            if kind != "mixed":
                scenes = _scenes(config, scorer, source, kind, first_other)
                surprise_figure(folder / f"maps_{kind}.png", scenes)
        normal, others = scored
        names = [name for name in DRAWN_SCORES if name in normal.scores]
        thresholds = {
            name: calibration.threshold(name, config.evaluate.false_alarm_rate) for name in names
        }
        anomalous = {kind: other.scores for kind, other in others.items()}
        score_figure(folder / "scores.png", normal.scores, anomalous, thresholds, names)
        log = directory / "train.jsonl"
        if log.exists():
            training_figure(folder / "training.png", read_training_log(log), scorer.system.loss_unit)


def _scenes(config, scorer, source, kind: str, index: int) -> list[Scene]:
    """One test sequence, corrupted and uncorrupted."""
    index_1, seed = np.array([index]), sequence_seed(0, "test")
    clip = source.clips(seed, "test", index_1)
    corrupted, changed = corrupt(clip, kind, seed, "test", index_1)
    both = np.concatenate([corrupted, clip])
    scores, maps = next(scorer.batches(both, (clip.shape[1] - 1,)))
    shown_HxW = shown(*clip.shape[2:4], scorer.shift_Mx2[0], config.data.lattice)
    drawn = {name: score for name, score in DRAWN_MAPS.items() if name in maps.value}
    return [
        Scene(
            label,
            both[row],
            shown_HxW,
            maps.counted[row, 0],
            {name: maps.value[name][row, 0] for name in drawn},
            changed[0] if row == 0 else None,
            {name: f"{score} {scores[score][row, 0]:.3g}" for name, score in drawn.items()},
        )
        for row, label in enumerate((f"{kind} corruption", "uncorrupted"))
    ]
