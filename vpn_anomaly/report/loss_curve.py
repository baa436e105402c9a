"""The loss of a training so far, on a logarithmic scale, as an SVG figure of a page."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from vpn_anomaly.report.colours import COLOURS, INK
from vpn_anomaly.report.parts import Figure
from vpn_anomaly.report.pictures import data_uri
from vpn_anomaly.report.svg import svg_of
from vpn_anomaly.report.timeline import FONT, plain
from vpn_anomaly.report.training_figure import running_mean

WIDTH, HEIGHT = 756, 300  # of the drawing, in points
LEFT, RIGHT, TOP = 62, 16, 12  # margins
LOSS_HEIGHT, RATE_HEIGHT, GAP = 190, 46, 12
SMOOTHED = 25  # the mean at a step reaches as far as one in so many of the steps


def loss_curve(log: Mapping[str, np.ndarray], unit: str) -> Figure:
    """The loss and the learning rate by step.

    Args:
      log: as `read_training_log` reads it; its losses are above 0.
      unit: of the loss.
    """
    caption = "Of every logged step, on a logarithmic scale, with the running mean; below, the learning rate."
    return Figure(
        data_uri(svg_of(lambda: _drawing(log, unit)), "image/svg+xml"), "Loss", caption, "loss-curve"
    )


def _drawing(log: Mapping[str, np.ndarray], unit: str) -> Drawing:
    drawing = Drawing(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="none")
    loss = _axes(drawing, HEIGHT - TOP - LOSS_HEIGHT, LOSS_HEIGHT)
    rate = _axes(drawing, HEIGHT - TOP - LOSS_HEIGHT - GAP - RATE_HEIGHT, RATE_HEIGHT)
    (line,) = loss.plot(log["step"], log["loss"], color=COLOURS[1], linewidth=0.8, alpha=0.4)
    line.set_gid("loss")
    smooth = running_mean(log["loss"], max(1, len(log["loss"]) // SMOOTHED))
    loss.plot(log["step"], smooth, color=COLOURS[1], linewidth=1.6)
    loss.set_yscale("log")
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
    loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    loss.yaxis.set_minor_formatter(NullFormatter())
    loss.set_ylabel(f"{unit} per pixel", color=INK, fontsize=FONT)
    rate.plot(log["step"], log["learning_rate"], color=COLOURS[0], linewidth=1.2)
    rate.set_ylim(bottom=0)
    rate.set_ylabel("rate", color=INK, fontsize=FONT)
    rate.set_xlabel("step", color=INK, fontsize=FONT)
    rate.yaxis.set_major_locator(MaxNLocator(nbins=2))
    rate.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    for axes in (loss, rate):
        axes.set_xlim(log["step"][0] - 0.5, log["step"][-1] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        plain(axes)
    loss.tick_params(labelbottom=False)
    return drawing


def _axes(drawing: Drawing, bottom: float, height: float) -> Axes:
    place = [LEFT / WIDTH, bottom / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, height / HEIGHT]
    return drawing.add_axes(place, facecolor="none")
