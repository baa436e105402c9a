"""The figures of an evaluation, in DIR/figures: maps, extremes, scores, the course of training."""

import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from vpn_anomaly.data.pipeline import clips_at
from vpn_anomaly.evaluation.mistakes import Misses, extremes, fewest_misses
from vpn_anomaly.report.score_figures import read_training_log, score_figure, training_figure
from vpn_anomaly.report.surprise_figure import Scene, surprise_figure
from vpn_anomaly.storage import workdir

DRAWN_SCORES = (
    "mean_nll",
    "tail_mean",
    "missing_z",
    "erased_z",
    "detail_excess",
    "any",
    "frame_error",
)
# The maps of the paper's figure, each with the score that is written into it.
DRAWN_MAPS = {
    "nll": "mean_nll",
    "tail": "tail_mean",
    "detail": "detail_excess",
    "missing": "missing_z",
    "error": "frame_error",
}
MISSED_ROWS = 3  # of the missed sequences, and of those mistaken for anomalous
EXTREME_ROWS = 3  # of the most anomalous sequences, and of the least


class Drawn(NamedTuple):
    """A test sequence to draw.

    Attributes:
        label: written beside its row.
        scored, place: where its scores and maps are (`evaluate.Scored`).
        index: its number.
        kind: of corruption; None: as it is.
    """

    label: str
    scored: NamedTuple
    place: int
    index: int
    kind: str | None


class _Groups(NamedTuple):
    """The normal test sequences and those under a corruption, the first of which has number `first`."""

    normal: NamedTuple
    other: NamedTuple
    first: int
    kind: str

    def drawn(self, label: str, anomalous: bool, place: int, named: bool = False) -> Drawn:
        """The sequence at a place of its group, labelled with its number; `named`: and the group."""
        index = self.first + place if anomalous else place
        group = f" ({self.kind if anomalous else 'normal'})" if named else ""
        of, kind = (self.other, self.kind) if anomalous else (self.normal, None)
        return Drawn(f"{label}: {index}{group}", of, place, index, kind)


def draw_figures(config, directory: pathlib.Path, scorer, source, scored, calibration) -> None:
    """Draws maps_CORRUPTION.png, missed_CORRUPTION.png, extremes_CORRUPTION.png, scores.png;
    training.png where there is a log.

    The maps are those of the first corrupted test sequence; the missed are the worst mistakes of
    the score that makes fewest, without a file where there are none; the extremes are the most and
    the least anomalous of all by that score. `mixed`, one of two kinds, has none of these.

    Args:
        scored: the normal sequences, the others by corruption, and the first of the others as it is.
    """
    folder = directory / "figures"
    with workdir.storing(folder):
        folder.mkdir(exist_ok=True)
        normal, others, uncorrupted = scored
        names = [name for name in DRAWN_SCORES if name in normal.scores]
        scene = functools.partial(_scene, scorer, source)
        first = config.evaluate.sequences  # number of the first corrupted one
        for kind, other in others.items():
            if kind == "mixed":
                continue
            surprise_figure(
                folder / f"maps_{kind}.png",
                [
                    scene(Drawn(f"{kind} corruption", other, 0, first, kind), DRAWN_MAPS),
                    scene(Drawn("uncorrupted", uncorrupted, 0, first, None), DRAWN_MAPS),
                ],
            )
            wrong = fewest_misses(normal.scores, other.scores, names)
            groups = _Groups(normal, other, first, kind)
            _draw(folder / f"missed_{kind}.png", _worst, wrong, groups, scene)
            _draw(folder / f"extremes_{kind}.png", _extremes, wrong, groups, scene)
        thresholds = {name: calibration.threshold(name, config.evaluate.false_alarm_rate) for name in names}
        anomalous = {kind: other.scores for kind, other in others.items()}
        score_figure(folder / "scores.png", normal.scores, anomalous, thresholds, names)
        log = directory / "train.jsonl"
        if log.exists():
            training_figure(folder / "training.png", read_training_log(log), scorer.system.loss_unit)


def _draw(path: pathlib.Path, rows_of: Callable, wrong: Misses | None, groups: _Groups, scene) -> None:
    """Draws the rows with their score written into their first map; without any there is no file."""
    path.unlink(missing_ok=True)  # of an evaluation before
    rows = [] if wrong is None else rows_of(wrong, groups)
    if rows:
        first_map = next(name for name in DRAWN_MAPS if name in rows[0].scored.maps)
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


def _scene(scorer, source, drawn: Drawn, noted: Mapping[str, str]) -> Scene:
    """The sequence with its maps; `noted`: the score that is written into a map, by map."""
    sequence = clips_at(source, "test", [drawn.index], drawn.kind)
    of, place = drawn.scored, drawn.place
    maps = {name: of.maps[name][place] for name in DRAWN_MAPS if name in of.maps}
    return Scene(
        drawn.label,
        sequence.clip[0],
        scorer.system.pictured(*source.shape[1:3], scorer.shift_Mx2),
        of.counted[place],
        maps,
        sequence.changed[0],
        {name: f"{noted[name]} {of.scores[noted[name]][place]:.3g}" for name in maps if name in noted},
    )
