"""results.json as text, one row per score: of test sequences, of a labelled set, or of a detector's members."""

from collections.abc import Iterable, Mapping, Sequence

from vpn_anomaly.catalogue import SYSTEMS
from vpn_anomaly.evaluation.frame_metrics import COMPARED, LEAST_FRAMES
from vpn_anomaly.report.numbers import number, with_interval
from vpn_anomaly.text.durations import rough_duration
from vpn_anomaly.text.printable_line import printable_line

MACRO_10 = "auroc_macro_10"
SCORE_WIDTH = 28  # characters
CORRUPTION_WIDTH, METRIC_WIDTH = 22, 24
COSTS = {
    "nats_per_frame": "nats per frame",
    "steps": "training steps",
    "parameters": "parameters",
    "wall_seconds": "seconds in all",
}
LABELLED_METRICS = {
    "auroc_micro": "AUROC micro",
    "auroc_macro": "AUROC macro",
    MACRO_10: f"AUROC macro, {LEAST_FRAMES}+",
    "equal_error_rate": "equal error rate",
}


def results_table(results: Mapping) -> str:
    """The content of results.json, of test sequences, of a labelled set, or of members.

    Metrics have their 95% intervals; undefined values are shown as a dash.
    """
    if "data_set" in results:
        return labelled_table(results)
    return members_table(results) if "members" in results else sequences_table(results)


def members_table(results: Mapping) -> str:
    """The tables of members that were evaluated each on test sequences, and what their training took."""
    parts = [
        f"member {name}, trained in {rough_duration(one['training_seconds'])}:\n{sequences_table(one)}"
        for name, one in results["members"].items()
    ]
    return "\n\n".join(parts)


def sequences_table(results: Mapping) -> str:
    """Break-even accuracy by score and corruption, and what the run cost.

    Keys that the results lack are left out.
    """
    corruptions = results.get("corruptions", {})
    scores = list(dict.fromkeys(name for one in corruptions.values() for name in one))
    lines = []
    if scores:
        rows = [("break-even accuracy", *corruptions)]
        for score in scores:
            cells = [with_interval(one.get(score, {}), "break_even_accuracy") for one in corruptions.values()]
            rows.append((score, *cells))
        lines = _aligned(rows, CORRUPTION_WIDTH)
    lines += [
        f"{described}: {results[name]:,.6g}"
        for name, described in COSTS.items()
        if results.get(name) is not None and not (name == "steps" and _is_fitted(results))
    ]
    return "\n".join(lines)


def _is_fitted(results: Mapping) -> bool:
    """Whether the system is fitted to whole videos, in no steps."""
    system = results.get("system") or results.get("config", {}).get("system")
    return any(row.fits and row.name == system for row in SYSTEMS)


def labelled_table(results: Mapping) -> str:
    """The metrics of a labelled set, their intervals over clips, and what was done to get them.

    First of the scores as results.json has them, raw unless something was done to them; then, where it was
    asked for, by the published protocol.
    """
    few_frames, published, at = (results[name] for name in ("few_frames", "published", "at_threshold"))
    lines = [*_score_lines(results, few_frames), *_difference_lines(results, at["score"])]
    if published:
        lines.append(f"by the published protocol: {'; '.join(published['done'])}")
        lines += [*_score_lines(published, few_frames), *_difference_lines(published, at["score"])]
    pixels = {name: of["pixel_auroc"] for name, of in results["maps"].items()}
    if pixels:
        lines.append(
            "pixel AUROC of the maps: "
            + ", ".join(f"{name} {number(value)}" for name, value in pixels.items())
        )
    lines += threshold_lines(at)
    lines += [f"done: {phrase}" for phrase in results["done"]]
    lines += [f"not done: {phrase}" for phrase in results["not_done"]]
    return "\n".join(printable_line(line) for line in lines)


def labelled_metrics(few_frames: Sequence[Mapping]) -> dict[str, str]:
    """The metrics of a labelled set that tables show, with their titles.

    few_frames: of results.json; empty: `auroc_macro_10` is `auroc_macro`, and not shown.
    """
    return {name: title for name, title in LABELLED_METRICS.items() if few_frames or name != MACRO_10}


def threshold_lines(at: Mapping) -> list[str]:
    """What alarms at the calibrated threshold would give: `at_threshold` of results.json, a line each."""
    line = "at the calibrated threshold of `{}`: {} of the normal frames flagged ({:g} allowed), {} of the anomalous"
    parts = {name: with_interval(at, name) for name in ("false_alarm_rate", "recall", "elsewhere", "after")}
    normal, within = at["normal_clips"], f"within {at['after_seconds']:g} s after a labelled range"
    return [
        line.format(at["score"], parts["false_alarm_rate"], at["allowed"], parts["recall"]),
        f"of the {at['frames']['after']:,} normal frames {within} {parts['after']} flagged, of the other "
        f"{at['frames']['elsewhere']:,} {parts['elsewhere']} ({at['allowed']:g} allowed)",
        f"of the {normal['frames']:,} frames of {normal['clips']} normal clips "
        f"{with_interval(normal, 'false_alarm_rate')} flagged, each clip at the threshold of the others, which is "
        f"for {at['used']:.3g}",
        *at["notes"],
    ]


def _score_lines(table: Mapping, few_frames: Sequence[Mapping]) -> list[str]:
    shown = labelled_metrics(few_frames)
    rows = [("frame score", *shown.values())]
    for name, metrics in table["scores"].items():
        rows.append((name, *(with_interval(metrics, metric) for metric in shown)))
    return _aligned(rows, METRIC_WIDTH)


def _difference_lines(table: Mapping, score: str) -> list[str]:
    """What the score has more than every score without learning."""
    rows = [(f"{score} minus no learning", *(LABELLED_METRICS[name] for name in COMPARED))]
    for name, metrics in table["differences"].items():
        rows.append((name, *(with_interval(metrics, metric) for metric in COMPARED)))
    return _aligned(rows, METRIC_WIDTH)


def _aligned(rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """One line per row: the name of a score, then cells of a width in characters."""
    return [
        (name.ljust(SCORE_WIDTH) + "".join(cell.ljust(width) for cell in cells)).rstrip()
        for name, *cells in rows
    ]
