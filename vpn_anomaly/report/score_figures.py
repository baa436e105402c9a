"""The figure of scores: ROC curves and histograms."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpn_anomaly.evaluation import metrics
from vpn_anomaly.report.colours import COLOURS, INK, NORMAL

DPI = 150
BINS = 50
# A histogram ends at this quantile, and sooner where normal scores would fill less than this part
# of it: far scores would press all others into one bin.
HISTOGRAM_QUANTILE = 0.99
NORMAL_PART = 0.25


def score_figure(
    path: str | os.PathLike,
    normal: Mapping[str, np.ndarray],
    anomalous: Mapping[str, Mapping[str, np.ndarray]],
    thresholds: Mapping[str, float],
    names: Sequence[str],
) -> None:
    """Writes a PNG: one row of ROC curves and histograms per score, one colour per corruption.

    Args:
      path: the file to write.
      normal: scores of the normal sequences by score name, (N,) each.
      anomalous: by corruption, then by score name, (P,) each.
      thresholds: the calibrated threshold by score name, drawn where there is one.
      names: the scores to draw, one row each.
    """
    size = (10.5, 0.5 + 3.5 * len(names))
    figure = Figure(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
    rows = figure.subplots(len(names), 2, squeeze=False, width_ratios=(1, 1.9))
    for name, (roc, histogram) in zip(names, rows):
        scores = {corruption: by_name[name] for corruption, by_name in anomalous.items()}
        _draw_roc(roc, normal[name], scores)
        _draw_histograms(histogram, name, normal[name], scores, thresholds.get(name))
    figure.savefig(path)


def _draw_roc(axes: Axes, normal_N: np.ndarray, anomalous: Mapping[str, np.ndarray]) -> None:
    axes.plot([0, 1], [0, 1], color=NORMAL, linewidth=1, linestyle=(0, (4, 3)))
    for colour, (corruption, scores_P) in zip(COLOURS, anomalous.items()):
        if metrics.is_defined(normal_N, scores_P):
            area = metrics.auroc(normal_N, scores_P)
            axes.plot(
                *metrics.roc_curve(normal_N, scores_P),
                color=colour,
                linewidth=1.8,
                label=f"{corruption} {area:.3f}",
                clip_on=False,
            )
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.set_xlabel("false positive rate", color=INK)
    axes.set_ylabel("true positive rate", color=INK)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", frameon=False, fontsize=9, title="AUROC", title_fontsize=9)
    plain_axes(axes)


def _draw_histograms(
    axes: Axes,
    name: str,
    normal_N: np.ndarray,
    anomalous: Mapping[str, np.ndarray],
    threshold: float | None,
) -> None:
    edges = histogram_edges(normal_N, list(anomalous.values()))

    def parts(scores):
        # Every histogram sums to 1: its last bin holds what lies beyond as well.
        counts = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0]
        return counts / max(len(scores), 1)

    axes.stairs(parts(normal_N), edges, fill=True, color=NORMAL, alpha=0.55, label="normal")
    for colour, (corruption, scores_P) in zip(COLOURS, anomalous.items()):
        axes.stairs(parts(scores_P), edges, color=colour, linewidth=1.6, label=corruption)
    if threshold is not None and edges[0] <= threshold <= edges[-1]:
        axes.axvline(threshold, color=INK, linewidth=1.2, linestyle=(0, (4, 3)), label="threshold")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"{name} (last bin: {edges[-2]:.3g} and more)", color=INK)
    axes.set_ylabel("part of the sequences", color=INK)
    axes.legend(frameon=False, fontsize=9)
    plain_axes(axes)


def histogram_edges(normal_N: np.ndarray, anomalous: Sequence[np.ndarray]) -> np.ndarray:
    """Returns edges of equal bins, (BINS + 1,), that show the normal scores and most others."""
    finite = [scores[np.isfinite(scores)] for scores in (normal_N, *anomalous)]
    finite = [scores for scores in finite if len(scores)] or [np.zeros(1)]
    low = min(scores.min() for scores in finite)
    high = max(np.quantile(scores, HISTOGRAM_QUANTILE) for scores in finite)
    # The first that has any is the normal class.
    normal_range = np.quantile(finite[0], HISTOGRAM_QUANTILE) - low
    if normal_range > 0:
        high = min(high, low + normal_range / NORMAL_PART)
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def plain_axes(axes: Axes) -> None:
    """Removes the upper and right edges and makes the ticks small."""
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, colors=INK)
