"""The report of a labelled set: its figures, frames to look at, and the course of every clip."""

import pathlib
from collections.abc import Mapping

import numpy as np

from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores
from vpn_anomaly.evaluation.extreme_frames import StandOut, most
from vpn_anomaly.report.labelled_table import COLUMNS, cell, number
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
from vpn_anomaly.report.timeline import Curve, Span, curve_figure
from vpn_anomaly.report.watch_page import colour_bar

PICTURED = 4  # frames of each kind
CURVES = 40  # clips whose course is drawn
GROUPS = (
    ("Found", "the anomalous frames with the highest scores, one a clip", True, "highest"),
    ("Missed", "the anomalous frames with the lowest scores, one a clip", True, "lowest"),
    ("Mistaken", "the normal frames with the highest scores, one a clip", False, "highest"),
    ("Least anomalous", "the normal frames with the lowest scores, one a clip", False, "lowest"),
)


def write_report(
    path: pathlib.Path, results: Mapping, scored: list[ClipScores], false_alarm_rate: float
) -> None:
    """Writes the page. UserError where it cannot be written."""
    data_set = results["data_set"]
    sections = [
        Section("Figures", [_score_table(results), *_map_table(results)], "figures"),
        Section("What was done", [_protocol_table(results)], "done"),
        Section("Frames to look at", _frames(scored), "frames"),
        Section(
            "Clips", [_clip_table(results, scored), *_curves(scored, results, false_alarm_rate)], "clips"
        ),
    ]
    frames = sum(clip["frames"] for clip in data_set["clips"])
    facts = Facts(
        [
            ("data set", f"{data_set['name']} ({data_set['source']})"),
            ("test clips, frames", f"{len(scored)}, {frames:,}"),
            ("anomalous frames", f"{sum(clip['anomalous'] for clip in data_set['clips']):,}"),
            ("system", results["config"]["system"]),
            ("training steps", f"{results['steps']:,}"),
            ("commit", (results["commit"] or "not known")[:12]),
        ]
    )
    write_page(
        path,
        Page(f"{data_set['name']}: frame by frame", "Evaluation on a labelled video set", facts, sections),
    )


def _score_table(results: Mapping) -> Table:
    columns = [Column("score", number=False), *map(Column, COLUMNS.values())]
    rows = [
        [name, *(_cell(cell(metrics, column)) for column in COLUMNS)]
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


def _frames(scored: list[ClipScores]) -> list:
    stand_outs = [clip.stand_outs for clip in scored]
    about = (
        f"By the score “{CHOSEN_BY}” as it comes. Left the frame, in the middle the mean of the model's "
        "prediction in grey, right the frame under the map of surprise."
    )
    parts = [Text([about]), colour_bar()]
    for title, meaning, anomalous, which in GROUPS:
        found = most(stand_outs, anomalous, which, PICTURED)
        if found:
            parts += [Text([f"{title}: {meaning}."]), Cards([_card(title, one) for one in found])]
    return parts


def _card(title: str, found: StandOut) -> Card:
    score = f"{CHOSEN_BY} {found.score:.4g}"
    return Card(f"{title}: {found.clip}, frame {found.frame}", score, found.pictures)


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


def _curves(scored: list[ClipScores], results: Mapping, false_alarm_rate: float) -> list[Text | Figure]:
    """The course of the score in every clip; of many clips, in those with the least AUROC."""
    auroc = results["scores"][CHOSEN_BY]["auroc_clips"]
    chosen = sorted(range(len(scored)), key=lambda place: (auroc[place] is None, auroc[place]))[:CURVES]
    left_out = f" Drawn are the {CURVES} clips with the least AUROC." if len(scored) > CURVES else ""
    about = (
        f"The score “{CHOSEN_BY}” as it comes, frame by frame; shaded are the frames that are labelled "
        f"anomalous. The threshold is what {100 * false_alarm_rate:.3g}% of normal frames exceed."
        f"{left_out}"
    )
    return [Text([about]), *(_curve(scored[place], false_alarm_rate) for place in sorted(chosen))]


def _curve(clip: ClipScores, false_alarm_rate: float) -> Figure:
    edges = np.flatnonzero(np.diff(clip.label_T.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    curve = Curve(
        np.arange(len(clip.label_T)),
        clip.scores[CHOSEN_BY],
        f"{CHOSEN_BY}\n(nats)",
        threshold=clip.calibration.threshold(CHOSEN_BY, false_alarm_rate),
        spans=[Span(first, end - 1) for first, end in edges.tolist()],
    )
    return curve_figure(curve, clip.name)
