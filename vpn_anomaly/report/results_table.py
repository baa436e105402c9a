"""results.json as text: one row a score, one column a corruption."""

from collections.abc import Mapping

SCORE_WIDTH = 28
COLUMN_WIDTH = 22


def results_table(results: Mapping) -> str:
    """Break-even accuracy with its 95% interval, by score and corruption, and what the run cost.

    Keys that the results lack are left out; undefined values are shown as a dash.
    """
    corruptions = results.get("corruptions", {})
    scores = list(dict.fromkeys(name for one in corruptions.values() for name in one))
    lines = []
    if scores:
        lines.append(
            "break-even accuracy".ljust(SCORE_WIDTH)
            + "".join(name.ljust(COLUMN_WIDTH) for name in corruptions)
        )
    for score in scores:
        cells = [_cell(one.get(score, {})) for one in corruptions.values()]
        lines.append(score.ljust(SCORE_WIDTH) + "".join(cell.ljust(COLUMN_WIDTH) for cell in cells))
    for name, described in _FIGURES.items():
        if results.get(name) is not None:
            lines.append(f"{described}: {results[name]:,.6g}")
    return "\n".join(line.rstrip() for line in lines)


_FIGURES = {
    "nats_per_frame": "nats a frame",
    "steps": "training steps",
    "parameters": "parameters",
    "wall_seconds": "seconds in all",
}


def _cell(metrics: Mapping) -> str:
    value = metrics.get("break_even_accuracy")
    low, high = metrics.get("ci95", {}).get("break_even_accuracy") or (None, None)
    if value is None:
        return "-"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"
