"""DIR/report.html of an evaluation on a labelled set: metrics, frames to look at, the course of every clip."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrame
from vpn_anomaly.evaluation.frame_metrics import COMPARED
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
from vpn_anomaly.report.results_table import LABELLED_METRICS, MACRO_10, labelled_metrics, threshold_lines
from vpn_anomaly.report.timeline import Curve, Span, curve_figure
from vpn_anomaly.report.training_words import training_words

CURVES = 40  # clips whose course is drawn
GROUPS = (
    ("Found", "the anomalous frames with the highest scores, one per clip", True, "highest"),
    ("Missed", "the anomalous frames with the lowest scores, one per clip", True, "lowest"),
    ("Mistaken", "the normal frames with the highest scores, one per clip", False, "highest"),
    ("Least anomalous", "the normal frames with the lowest scores, one per clip", False, "lowest"),
)

# Parts of a clip's frames that are flagged, with their titles.
FLAGGED = {"elsewhere": "normal", "after": "just after", "recall": "anomalous"}


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
        Section("Figures", _figures(results), "figures"),
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
            *_trained(results),
            ("commit", (results["commit"] or "not known")[:12]),
        ]
    )


def _trained(results: Mapping) -> list[tuple[str, str]]:
    """The system and its training, or those of each member."""
    if "members" not in results:
        return [("system", results["config"]["system"]), ("training steps", f"{results['steps']:,}")]
    of_member = lambda of: training_words(of["system"], of["steps"], of["sequences_seen"])
    return [(f"member {name}", f"{of['system']}, {of_member(of)}") for name, of in results["members"].items()]


def _figures(results: Mapping) -> list[Table | Text]:
    few_frames, published = results["few_frames"], results["published"]
    parts = [_score_table(results, few_frames, _about_scores(results)), _difference_table(results)]
    if published:
        about = f"By the published protocol: {'; '.join(published['done'])}."
        parts += [
            _score_table(published, few_frames, about, "published-"),
            _difference_table(published, "published-"),
        ]
    return [*parts, *_map_table(results), Text(threshold_lines(results["at_threshold"]))]


def _about_scores(results: Mapping) -> str:
    few = [
        f"{of['clip']} ({of['normal']} normal, {of['anomalous']} anomalous)" for of in results["few_frames"]
    ]
    without = f" {LABELLED_METRICS[MACRO_10]}: without {', '.join(few)}." if few else ""
    names = ", ".join(results["without_learning"])
    return f"Small: the interval of 95% over clips. Without learning: {names}.{without}"


def _score_table(table: Mapping, few_frames: Sequence[Mapping], caption: str, prefix: str = "") -> Table:
    shown = labelled_metrics(few_frames)
    columns = [Column("score", number=False), *map(Column, shown.values())]
    rows = [
        [name, *(_cell(with_interval(metrics, metric)) for metric in shown)]
        for name, metrics in table["scores"].items()
    ]
    return Table(columns, rows, caption, f"{prefix}scores")


def _difference_table(table: Mapping, prefix: str = "") -> Table:
    columns = [
        Column(f"{CHOSEN_BY} minus", number=False),
        *(Column(LABELLED_METRICS[name]) for name in COMPARED),
    ]
    rows = [
        [name, *(_cell(with_interval(metrics, metric)) for metric in COMPARED)]
        for name, metrics in table["differences"].items()
    ]
    caption = (
        "Small: the interval of 95% over the same draws of clips for both; they differ where it leaves out 0."
    )
    return Table(columns, rows, caption, f"{prefix}differences")


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
    of_members = (
        "With several members, prediction and map are those of the one whose score it is; there is no middle "
        "picture of one that predicts no frames."
    )
    shown = [one for found in evaluation.extremes.of.values() for one in found]
    paragraphs = [about, of_members] if any(one.member for one in shown) else [about]
    parts = [Text(paragraphs), colour_bar()]
    for title, meaning, anomalous, which in GROUPS:
        found = evaluation.extremes.of.get((anomalous, which))
        if found:
            parts += [Text([f"{title}: {meaning}."]), Cards([_card(title, one) for one in found])]
    return parts


def _card(title: str, found: ExtremeFrame) -> Card:
    caption = "the frame, boxed as it is labelled" if found.box else "the frame"
    of_member = f", of member {found.member}" if found.member else ""
    return Card(
        f"{title}: {found.clip}, frame {found.frame}",
        f"{CHOSEN_BY} {found.score:.4g}{of_member}",
        frame_pictures(found.view, caption, found.box),
    )


def _clip_table(results: Mapping, scored: list[ClipScores]) -> Table:
    auroc, at = results["scores"][CHOSEN_BY]["auroc_clips"], results["at_threshold"]
    rows = [
        [
            clip.name,
            f"{len(clip.label_T):,}",
            f"{int(clip.label_T.sum()):,}",
            number(value),
            *(number(flagged[name]) for name in FLAGGED),
        ]
        for clip, value, flagged in zip(scored, auroc, at["clips"], strict=True)
    ]
    titles = ("frames", "anomalous", f"AUROC of “{CHOSEN_BY}”")
    columns = [Column("clip", number=False), *map(Column, titles)]
    columns += [Column(title, group="flagged") for title in FLAGGED.values()]
    caption = (
        f"A dash: frames of one class only, or none of this kind. Flagged: the part above the threshold; just "
        f"after: normal frames within {at['after_seconds']:g} s after a labelled range."
    )
    return Table(columns, rows, caption, "clip-table")


def _curves(scored: list[ClipScores], results: Mapping) -> list[Text | Figure]:
    """The course of the score in every clip; of many clips, in those with the least AUROC."""
    auroc = results["scores"][CHOSEN_BY]["auroc_clips"]
    chosen = sorted(range(len(scored)), key=lambda place: (auroc[place] is None, auroc[place]))[:CURVES]
    left_out = f" Drawn are the {CURVES} clips with the least AUROC." if len(scored) > CURVES else ""
    about = (
        f"The score “{CHOSEN_BY}” as it comes, frame by frame; shaded are the frames that are labelled "
        f"anomalous. The threshold is what {100 * results['at_threshold']['used']:.3g}% of normal frames exceed."
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
