"""The figures of an evaluation, in DIR/figures: maps, extremes, scores, the course of training."""

import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.pipeline import clips_at
from vpn_anomaly.evaluation.mistakes import Misses, extremes, fewest_misses
from vpn_anomaly.evaluation.sequences import Scored, SequenceEvaluation
from vpn_anomaly.files import output_files
from vpn_anomaly.report.map_rows import MAPS
from vpn_anomaly.report.score_figures import score_figure
from vpn_anomaly.report.surprise_figure import Scene, surprise_figure
from vpn_anomaly.report.training_figure import read_training_log, training_figure
from vpn_anomaly.scoring.scores import SCORES

DRAWN_SCORES = (*(score.name for score in SCORES if score.drawn), "any")
# The maps that are drawn, each with the score that is written into it: the first that is made of it.
NOTED_SCORES = {
    name: next(score.name for score in SCORES if score.drawn and score.map == name)
    for name in MAPS
    if any(score.drawn and score.map == name for score in SCORES)
}
MISSED_ROWS = 3  # of the missed sequences, and of those mistaken for anomalous
EXTREME_ROWS = 3  # of the most anomalous sequences, and of the least


class Drawn(NamedTuple):
    """A test sequence to draw.

    Attributes:
        label: written beside its row.
        scored, place: where its scores and maps are (`Scored`).
        index: its number.
        kind: of corruption; None: as it is.
    """

    label: str
    scored: Scored
    place: int
    index: int
    kind: str | None


class _Groups(NamedTuple):
    """The normal test sequences and those under a corruption, with the number of the first of each."""

    normal: Scored
    other: Scored
    first_normal: int
    first_other: int
    kind: str

    def drawn(self, label: str, anomalous: bool, place: int, named: bool = False) -> Drawn:
        """The sequence at a place of its group, labelled with its number; `named`: and the group."""
        index = place + (self.first_other if anomalous else self.first_normal)
        group = f" ({self.kind if anomalous else 'normal'})" if named else ""
        of, kind = (self.other, self.kind) if anomalous else (self.normal, None)
        return Drawn(f"{label}: {index}{group}", of, place, index, kind)


def draw_figures(
    directory: pathlib.Path, evaluation: SequenceEvaluation, source, pictured_HxW: np.ndarray, loss_unit: str
) -> None:
    """Draws maps_CORRUPTION.png, missed_CORRUPTION.png, extremes_CORRUPTION.png, scores.png;
    training.png where there is a log.

    The maps are those of the first corrupted test sequence; the missed are the worst mistakes of
    the score that makes fewest, without a file where there are none; the extremes are the most and
    the least anomalous of all by that score. `mixed`, one of two kinds, has none of these.

    Args:
        directory: of the run; the figures lie in its folder figures.
        source: of the test sequences.
        pictured_HxW: bool, what the model was shown of the last frame.
        loss_unit: of the training log.

    UserError where a figure cannot be written.
    """
    folder = directory / "figures"
    with output_files.storing(folder):
        folder.mkdir(exist_ok=True)
        names = [name for name in DRAWN_SCORES if name in evaluation.normal.scores]
        scene = functools.partial(_scene, source, pictured_HxW)
        for kind in evaluation.others:
            if kind != "mixed":
                _draw_corruption(folder, kind, evaluation, names, scene)
        anomalous = {kind: other.scores for kind, other in evaluation.others.items()}
        normal = evaluation.normal.scores
        score_figure(folder / "scores.png", normal, anomalous, evaluation.thresholds, names)
        log = directory / "train.jsonl"
        if log.exists():
            training_figure(folder / "training.png", read_training_log(log), loss_unit)


def _draw_corruption(
    folder: pathlib.Path, kind: str, evaluation: SequenceEvaluation, names: list[str], scene: Callable
) -> None:
    """The maps of the first sequence under this corruption, the worst mistakes, the extremes."""
    normal, other = evaluation.normal, evaluation.others[kind]
    first = evaluation.first_corrupted
    surprise_figure(
        folder / f"maps_{kind}.png",
        [
            scene(Drawn(f"{kind} corruption", other, 0, first, kind), NOTED_SCORES),
            scene(Drawn("uncorrupted", evaluation.uncorrupted, 0, first, None), NOTED_SCORES),
        ],
    )
    wrong = fewest_misses(normal.scores, other.scores, names)
    groups = _Groups(normal, other, evaluation.first, first, kind)
    _draw(folder / f"missed_{kind}.png", _worst, wrong, groups, scene)
    _draw(folder / f"extremes_{kind}.png", _extremes, wrong, groups, scene)


def _draw(path: pathlib.Path, rows_of: Callable, wrong: Misses | None, groups: _Groups, scene) -> None:
    """Draws the rows with their score written into their first map; without any there is no file."""
    path.unlink(missing_ok=True)  # of an evaluation before
    rows = [] if wrong is None else rows_of(wrong, groups)
    if rows:
        first_map = next(name for name in NOTED_SCORES if name in rows[0].scored.maps)
        surprise_figure(path, [scene(row, {first_map: wrong.score}) for row in rows])


def _worst(wrong: Misses, groups: _Groups) -> list[Drawn]:
    """The worst missed sequences, then the worst that are mistaken for anomalous."""
    missed = [groups.drawn("missed", True, place) for place in wrong.missed[:MISSED_ROWS]]
    mistaken = [groups.drawn("false alarm", False, place) for place in wrong.mistaken[:MISSED_ROWS]]
    return missed + mistaken


def _extremes(wrong: Misses, groups: _Groups) -> list[Drawn]:
    """The most anomalous of all sequences, then the least anomalous."""
    scores = (groups.normal.scores[wrong.score], groups.other.scores[wrong.score])
    most, least = extremes(*scores, EXTREME_ROWS)
    return [
        groups.drawn(f"{which} anomalous", *one, named=True)
        for which, of_which in (("most", most), ("least", least))
        for one in of_which
    ]


def _scene(source, pictured_HxW: np.ndarray, drawn: Drawn, noted: Mapping[str, str]) -> Scene:
    """The sequence with its maps; `noted`: the score that is written into a map, by map."""
    sequence = clips_at(source, "test", [drawn.index], drawn.kind)
    of, place = drawn.scored, drawn.place
    maps = {name: of.maps[name][place] for name in NOTED_SCORES if name in of.maps}
    return Scene(
        drawn.label,
        sequence.clip[0],
        pictured_HxW,
        of.counted[place],
        maps,
        sequence.changed[0],
        {name: f"{noted[name]} {of.scores[noted[name]][place]:.3g}" for name in maps if name in noted},
    )
