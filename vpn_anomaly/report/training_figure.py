"""The figure of the course of a training: its loss and its learning rate."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from vpn_anomaly.report.colours import COLOURS, INK
from vpn_anomaly.report.score_figures import DPI, plain_axes
from vpn_anomaly.text.durations import rough_duration

LOG_FIELDS = ("step", "loss", "learning_rate", "seconds")


def read_training_log(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Returns `step`, `loss`, `learning_rate` and `seconds` of a JSONL training log, (S,) each.

    Lines without these fields are passed over, and so is a last line that was cut off when the run
    was killed. A step that a resumed run did again counts as it was done last; steps that it has not
    done again yet, those beyond the last line, do not count.
    """
    by_step, newest = {}, 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            if all(field in record for field in LOG_FIELDS):
                newest = record["step"]
                by_step[newest] = [float(record[field]) for field in LOG_FIELDS]
    steps = sorted(step for step in by_step if step <= newest)
    rows = np.array([by_step[step] for step in steps]).reshape(-1, len(LOG_FIELDS))
    return dict(zip(LOG_FIELDS, rows.T))


def training_figure(path: str | os.PathLike, log: Mapping[str, np.ndarray], unit: str = "nats") -> None:
    """Writes a PNG of the loss and the learning rate by step.

    Args:
      path: the file to write.
      log: `step`, `loss` (a hidden pixel), `learning_rate` and `seconds`, (S,) each; see
        `read_training_log`.
      unit: of the loss.
    """
    figure = Figure(figsize=(7.5, 4.6), dpi=DPI, facecolor="white", layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot(log["step"], log["loss"], color=COLOURS[1], linewidth=1, alpha=0.35)
    smooth = running_mean(log["loss"], max(1, len(log["loss"]) // 25))
    upper.plot(log["step"], smooth, color=COLOURS[1], linewidth=2)
    upper.set_ylabel(f"loss ({unit} per pixel)", color=INK)
    if len(log["step"]):
        low, start = np.min(log["loss"]), np.quantile(log["loss"], 0.99)
        upper.set_ylim(low - 0.05 * (start - low), start + 0.05 * (start - low) + 1e-6)
        text = f"{smooth[-1]:.3f} after {log['step'][-1]:.0f} steps, {rough_duration(log['seconds'][-1])}"
        upper.set_title(text, loc="right", fontsize=10, color=INK)
    lower.plot(log["step"], log["learning_rate"], color=COLOURS[0], linewidth=1.6)
    lower.set_ylim(bottom=0)
    lower.set_ylabel("learning rate", color=INK)
    lower.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    lower.set_xlabel("step", color=INK)
    for axes in (upper, lower):
        axes.margins(x=0)
        axes.grid(axis="y", color="#e6e8eb", linewidth=0.8)
        plain_axes(axes)
    figure.savefig(path)


def running_mean(values_S: np.ndarray, reach: int) -> np.ndarray:
    """Returns the mean of each value, up to `reach` before it and as many after, (S,).

    At the beginning no more before than there are, and never more after than before: the steep
    start stays steep. At the end fewer after than before.
    """
    place = np.arange(len(values_S))
    before = np.minimum(reach, place)
    after = np.minimum(before, len(values_S) - 1 - place)
    total = np.concatenate([[0.0], np.cumsum(values_S)])
    return (total[place + after + 1] - total[place - before]) / (before + after + 1)
