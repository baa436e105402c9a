"""Where the paper's order holds, by corruption and score, and why it does not elsewhere, as a figure."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.tables.experiment import Claim
from experiments.tables.numbers import points
from experiments.tables.outcomes import Outcome, outcome
from experiments.tables.stored_results import Run
from vpn_anomaly.report.score_figures import DPI, INK, NORMAL

COLUMNS = (
    ("both", "mean_nll"),
    ("both", "tail_mean"),
    ("temporal", "mean_nll"),
    ("temporal", "tail_mean"),
    ("spatial", "mean_nll"),
    ("spatial", "missing_z"),
    ("mixed", "mean_nll"),
    ("mixed", "any"),
)
COLOURS, LARGEST = "RdBu", 25.0  # points at which the colours end
WIDTH, ROW_HEIGHT, MARGIN = 13.5, 0.5, 1.15  # inches
LEFT, WHY = 0.235, 0.72  # parts of the width: labels end, explanations begin
WHY_WIDTH = 56  # characters


def order_figure(
    path: str | os.PathLike | BinaryIO,
    groups: Mapping[str, tuple[Sequence[Claim], Mapping[str, Sequence[Run]]]],
) -> None:
    """Writes a PNG: a line per claim, a cell per corruption and score, coloured by the difference in points.

    Args:
      path: the file to write, or a file open for writing.
      groups: by title, claims and the runs, by row, that decide them.
    """
    lines = [(title, claim, runs) for title, (claims, runs) in groups.items() for claim in claims]
    height = MARGIN + ROW_HEIGHT * (len(lines) + len(groups))
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    axes = figure.add_axes((LEFT, 0.01, WHY - LEFT - 0.01, 1 - MARGIN / height))
    axes.set_xlim(-1.5, len(COLUMNS) - 0.5)
    axes.set_ylim(len(lines) + len(groups) - 0.5, -0.5)
    place, last = 0, None
    for title, claim, runs in lines:
        if title != last:
            axes.text(
                -1.6, place + 0.1, title, fontsize=9.5, weight="bold", color=INK, ha="left", va="center"
            )
            place, last = place + 1, title
        _draw_claim(axes, place, claim, [outcome(claim.comparison(column), runs) for column in COLUMNS])
        place += 1
    _draw_heads(axes)
    figure.savefig(path, format="png")


def _draw_heads(axes: Axes) -> None:
    axes.text(-1, -0.6, "paper", ha="center", va="bottom", fontsize=8.5, color=INK)
    for number, (corruption, score) in enumerate(COLUMNS):
        head = f"{corruption}\n{score}"
        axes.text(number, -0.6, head, ha="center", va="bottom", fontsize=8.5, color=INK)
    axes.axis("off")
    axes.figure.text(
        0.02,
        0.985,
        "Is the first better than the second? Points of accuracy; blue: yes, red: no, pale: 95% includes zero",
        fontsize=10.5,
        color=INK,
        va="top",
    )


def _draw_claim(axes: Axes, place: int, claim: Claim, found: Sequence[Outcome | None]) -> None:
    axes.text(-1.6, place, claim.text, ha="right", va="center", fontsize=8.5, color=INK)
    if claim.paper is not None:
        _draw_cell(axes, -1, place, claim.paper, certain=True)
    for number, one in enumerate(found):
        if one is not None:
            low, high = one.interval
            _draw_cell(axes, number, place, one.value, certain=low > 0 or high < 0)
    why = textwrap.fill(claim.why, WHY_WIDTH)
    axes.text(len(COLUMNS) - 0.4, place, why, va="center", fontsize=8, color=INK)


def _draw_cell(axes: Axes, column: int, place: int, value: float, certain: bool) -> None:
    shade = mpl.colormaps[COLOURS](TwoSlopeNorm(0, -LARGEST, LARGEST)(max(-LARGEST, min(LARGEST, value))))
    colour = shade if certain else "#f3f4f6"
    axes.add_patch(Rectangle((column - 0.48, place - 0.42), 0.96, 0.84, facecolor=colour, linewidth=0))
    dark = certain and abs(value) > 0.6 * LARGEST
    ink = "white" if dark else INK if certain else NORMAL
    axes.text(column, place, points(value), ha="center", va="center", fontsize=8.5, color=ink)
