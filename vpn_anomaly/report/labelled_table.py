"""The results of a labelled set as text: a row a score, and what was done to get them."""

from collections.abc import Mapping

from vpn_anomaly.text.printable_line import printable_line

SCORE_WIDTH, COLUMN_WIDTH = 28, 24
COLUMNS = {
    "auroc_micro": "AUROC micro",
    "auroc_macro": "AUROC macro",
    "equal_error_rate": "equal error rate",
}


def results_table(results: Mapping) -> str:
    """The metrics with their 95% intervals over clips; undefined values are shown as a dash."""
    lines = [
        "".join(
            title.ljust(width)
            for title, width in zip(
                ("frame score", *COLUMNS.values()), (SCORE_WIDTH, *[COLUMN_WIDTH] * len(COLUMNS))
            )
        )
    ]
    for name, metrics in results["scores"].items():
        cells = [cell(metrics, column) for column in COLUMNS]
        lines.append(name.ljust(SCORE_WIDTH) + "".join(text.ljust(COLUMN_WIDTH) for text in cells))
    pixels = {name: of["pixel_auroc"] for name, of in results["maps"].items()}
    if pixels:
        lines.append(
            "pixel AUROC of the maps: "
            + ", ".join(f"{name} {number(value)}" for name, value in pixels.items())
        )
    at = results["at_threshold"]
    rates = [number(at[name]) for name in ("false_alarm_rate", "recall")]
    lines.append(
        "at the calibrated threshold of `{}`: {} of the normal frames flagged ({:g} allowed), {} of "
        "the anomalous".format(at["score"], rates[0], at["allowed"], rates[1])
    )
    lines += [f"done: {phrase}" for phrase in results["done"]]
    lines += [f"not done: {phrase}" for phrase in results["not_done"]]
    return "\n".join(printable_line(line.rstrip()) for line in lines)


def cell(metrics: Mapping, name: str) -> str:
    """A metric with its interval: "0.871 [0.820, 0.912]"."""
    interval = metrics["ci95"].get(name)
    bounds = " [{:.3f}, {:.3f}]".format(*interval) if interval else ""
    return number(metrics[name]) + (bounds if metrics[name] is not None else "")


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
