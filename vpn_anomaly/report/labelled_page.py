"""DIR/report.html of an evaluation on a labelled set: metrics, frames to look at, the course of every clip."""

import pathlib
from collections.abc import Mapping

import numpy as np

from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrame
from vpn_anomaly.evaluation.labelled_videos import LabelledEvaluation
from vpn_anomaly.report.frame_pictures import colour_bar, frame_pictures
from vpn_anomaly.report.numbers import number, with_interval
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.parts import (
    Card,
    Cards,
    Cell,
    Column,
    Facts,
    Figure,
    Page,
    Section,
    Table,
    Text,
)
from vpn_anomaly.report.results_table import LABELLED_METRICS
from vpn_anomaly.report.timeline import Curve, Span, curve_figure

CURVES = 40  # clips whose course is drawn
GROUPS = (
    ("Found", "the anomalous frames with the highest scores, one per clip", True, "highest"),
    ("Missed", "the anomalous frames with the lowest scores, one per clip", True, "lowest"),
    ("Mistaken", "the normal frames with the highest scores, one per clip", False, "highest"),
    ("Least anomalous", "the normal frames with the lowest scores, one per clip", False, "lowest"),
)


def write_report(path: pathlib.Path, results: Mapping, evaluation: LabelledEvaluation) -> None:
    """Writes the page of results, the content of results.json, and of the scores that they are made of.

    UserError where it cannot be written.
    """
    write_page(path, labelled_page(results, evaluation))


def labelled_page(results: Mapping, evaluation: LabelledEvaluation) -> Page:
    """The page; see `write_report`."""
    scored = evaluation.scored
    clips = [_clip_table(results, scored), *_curves(scored, results)]
    sections = [
        Section("Figures", [_score_table(results), *_map_table(results)], "figures"),
        Section("What was done", [_protocol_table(results)], "done"),
        Section("Frames to look at", _frames(evaluation), "frames"),
        Section("Clips", clips, "clips"),
    ]
    title = f"{results['data_set']['name']}: frame by frame"
    return Page(title, "Evaluation on a labelled video set", _facts(results), sections)


def _facts(results: Mapping) -> Facts:
    data_set = results["data_set"]
    clips = data_set["clips"]
    return Facts(
        [
            ("data set", f"{data_set['name']} ({data_set['source']})"),
            ("test clips, frames", f"{len(clips)}, {sum(clip['frames'] for clip in clips):,}"),
            ("anomalous frames", f"{sum(clip['anomalous'] for clip in clips):,}"),
            ("system", results["config"]["system"]),
            ("training steps", f"{results['steps']:,}"),
            ("commit", (results["commit"] or "not known")[:12]),
        ]
    )


def _score_table(results: Mapping) -> Table:
    columns = [Column("score", number=False), *map(Column, LABELLED_METRICS.values())]
    rows = [
        [name, *(_cell(with_interval(metrics, metric)) for metric in LABELLED_METRICS)]
        for name, metrics in results["scores"].items()
    ]
    caption = "Small: the interval of 95% over clips. The last two scores are without learning."
    return Table(columns, rows, caption, "scores")


def _cell(text: str) -> Cell:
    value, _, interval = text.partition(" ")
    return Cell(value, interval)


def _map_table(results: Mapping) -> list[Table]:
    if not results["maps"]:
        return []
    rows = [[name, number(of["pixel_auroc"])] for name, of in results["maps"].items()]
    return [Table([Column("map", number=False), Column("pixel AUROC")], rows, anchor="maps")]


def _protocol_table(results: Mapping) -> Table:
    rows = [
        [said, phrase]
        for said, place in (("done", "done"), ("not done", "not_done"))
        for phrase in results[place]
    ]
    return Table([Column("", number=False), Column("what", number=False)], rows)


def _frames(evaluation: LabelledEvaluation) -> list:
    about = (
        f"By the score “{CHOSEN_BY}” as it comes. Left the frame, in the middle the mean of the model's "
        "prediction in grey, right the frame under the map of surprise."
    )
    parts = [Text([about]), colour_bar()]
    for title, meaning, anomalous, which in GROUPS:
        found = evaluation.extremes.of.get((anomalous, which))
        if found:
            parts += [Text([f"{title}: {meaning}."]), Cards([_card(title, one) for one in found])]
    return parts


def _card(title: str, found: ExtremeFrame) -> Card:
    caption = "the frame, boxed as it is labelled" if found.box else "the frame"
    return Card(
        f"{title}: {found.clip}, frame {found.frame}",
        f"{CHOSEN_BY} {found.score:.4g}",
        frame_pictures(found.view, caption, found.box),
    )


def _clip_table(results: Mapping, scored: list[ClipScores]) -> Table:
    auroc = results["scores"][CHOSEN_BY]["auroc_clips"]
    rows = [
        [clip.name, f"{len(clip.label_T):,}", f"{int(clip.label_T.sum()):,}", number(value)]
        for clip, value in zip(scored, auroc, strict=True)
    ]
    return Table(
        [
            Column("clip", number=False),
            Column("frames"),
            Column("anomalous"),
            Column(f"AUROC of “{CHOSEN_BY}”"),
        ],
        rows,
        "A dash: frames of one class only.",
        "clip-table",
    )


def _curves(scored: list[ClipScores], results: Mapping) -> list[Text | Figure]:
    """The course of the score in every clip; of many clips, in those with the least AUROC."""
    auroc = results["scores"][CHOSEN_BY]["auroc_clips"]
    chosen = sorted(range(len(scored)), key=lambda place: (auroc[place] is None, auroc[place]))[:CURVES]
    left_out = f" Drawn are the {CURVES} clips with the least AUROC." if len(scored) > CURVES else ""
    about = (
        f"The score “{CHOSEN_BY}” as it comes, frame by frame; shaded are the frames that are labelled "
        f"anomalous. The threshold is what {100 * results['at_threshold']['allowed']:.3g}% of normal frames exceed."
        f"{left_out}"
    )
    return [Text([about]), *(_curve(scored[place]) for place in sorted(chosen))]


def _curve(clip: ClipScores) -> Figure:
    edges = np.flatnonzero(np.diff(clip.label_T.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    curve = Curve(
        np.arange(len(clip.label_T)),
        clip.scores[CHOSEN_BY],
        f"{CHOSEN_BY}\n(nats)",
        threshold=clip.threshold,
        spans=[Span(first, end - 1) for first, end in edges.tolist()],
    )
    return curve_figure(curve, clip.name)
