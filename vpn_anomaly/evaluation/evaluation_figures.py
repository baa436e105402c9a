"""The figures of an evaluation, in DIR/figures: maps, scores, the course of training."""

import pathlib
from typing import NamedTuple

import numpy as np

from vpn_anomaly import workdir
from vpn_anomaly.data.corruptions import corrupt
from vpn_anomaly.data.lattice import shown
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.evaluation.curves import read_training_log, score_figure, training_figure
from vpn_anomaly.evaluation.figures import Scene, surprise_figure
from vpn_anomaly.evaluation.misses import fewest_misses

DRAWN_SCORES = ("mean_nll", "tail_mean", "missing_z", "erased_z", "any", "frame_error")
# The maps of the paper's figure, each with the score that is written into it.
DRAWN_MAPS = {"nll": "mean_nll", "tail": "tail_mean", "missing": "missing_z", "error": "frame_error"}
MISSED_ROWS = 3  # of the missed sequences, and of those mistaken for anomalous


class Choice(NamedTuple):
    """A test sequence to draw.

    Attributes:
        label: written beside its row.
        index: its number.
        kind: of corruption; None: as it is.
        note: written into its first map; None: every map has its score.
    """

    label: str
    index: int
    kind: str | None
    note: str | None = None


def draw_figures(config, directory: pathlib.Path, scorer, source, scored, calibration) -> None:
    """Draws maps_CORRUPTION.png, missed_CORRUPTION.png, scores.png; training.png where there is a log.

    The maps are those of the first corrupted test sequence; the missed are the worst mistakes of
    the score that makes fewest, without a file where there are none. `mixed`, one of two kinds, has
    neither.
    """
    folder = directory / "figures"
    with workdir.storing(folder):
        folder.mkdir(exist_ok=True)
        normal, others = scored
        names = [name for name in DRAWN_SCORES if name in normal.scores]
        first = config.evaluate.sequences
        for kind in others:
            missed = folder / f"missed_{kind}.png"
            missed.unlink(missing_ok=True)
            if kind == "mixed":
                continue
            drawn = {
                folder / f"maps_{kind}.png": [
                    Choice(f"{kind} corruption", first, kind), Choice("uncorrupted", first, None)
                ],
                missed: _worst(kind, normal.scores, others[kind].scores, names, first),
            }
            for path, choices in drawn.items():
                if choices:
                    surprise_figure(path, _scenes(config, scorer, source, choices))
        thresholds = {
            name: calibration.threshold(name, config.evaluate.false_alarm_rate) for name in names
        }
        anomalous = {kind: other.scores for kind, other in others.items()}
        score_figure(folder / "scores.png", normal.scores, anomalous, thresholds, names)
        log = directory / "train.jsonl"
        if log.exists():
            training_figure(folder / "training.png", read_training_log(log), scorer.system.loss_unit)


def _worst(kind: str, normal, anomalous, names, first: int) -> list[Choice]:
    """The worst missed and mistaken sequences; `first` is the number of the first corrupted one."""
    wrong = fewest_misses(normal, anomalous, names)
    if wrong is None:
        return []
    note = lambda scores, place: _note(wrong.score, scores[wrong.score][place])
    missed = [
        Choice(f"missed: {first + place}", first + place, kind, note(anomalous, place))
        for place in wrong.missed[:MISSED_ROWS]
    ]
    mistaken = [
        Choice(f"false alarm: {place}", place, None, note(normal, place))
        for place in wrong.mistaken[:MISSED_ROWS]
    ]
    return missed + mistaken


def _scenes(config, scorer, source, choices: list[Choice]) -> list[Scene]:
    """The chosen sequences with the maps of their last frame."""
    clips, changed = zip(*(_clip(source, choice) for choice in choices))
    frames, height, width = source.shape[:3]
    shown_HxW = shown(height, width, scorer.shift_Mx2[0], config.data.lattice)
    scenes = []
    for scores, maps in scorer.batches(np.stack(clips), (frames - 1,)):
        drawn = [name for name in DRAWN_MAPS if name in maps.value]
        for row, counted_1xHxW in enumerate(maps.counted):
            place = len(scenes)
            values = {name: maps.value[name][row, 0] for name in drawn}
            notes = {name: _note(DRAWN_MAPS[name], scores[DRAWN_MAPS[name]][row, 0]) for name in drawn}
            if choices[place].note is not None:
                notes = {drawn[0]: choices[place].note}
            scenes.append(Scene(choices[place].label, clips[place], shown_HxW, counted_1xHxW[0],
                                values, changed[place], notes))
    return scenes


def _clip(source, choice: Choice) -> tuple[np.ndarray, np.ndarray | None]:
    """The sequence (T, H, W, C), and the pixels that its corruption changed."""
    seed, index_1 = sequence_seed(0, "test"), np.array([choice.index])
    clip_1xTxHxWxC = source.clips(seed, "test", index_1)
    if choice.kind is None:
        return clip_1xTxHxWxC[0], None
    corrupted_1xTxHxWxC, changed_1xHxW = corrupt(clip_1xTxHxWxC, choice.kind, seed, "test", index_1)
    return corrupted_1xTxHxWxC[0], changed_1xHxW[0]


def _note(score: str, value: float) -> str:
    return f"{score} {value:.3g}"
