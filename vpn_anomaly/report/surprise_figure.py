"""The paper's figure: what the model saw of a sequence, and where the last frame surprises it.

Everything is laid out in whole image pixels, so that every pixel of a frame is drawn equally large.
"""

from __future__ import annotations

import dataclasses
import os
import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from vpn_anomaly.report.colours import INK
from vpn_anomaly.report.map_rows import MAPS, MapRow

COLOUR_MAP = "magma"
# A map's colours end here, so that a single pixel does not darken all others.
BRIGHTEST_QUANTILE = 0.999
NEUTRAL = "#7d8590"  # pixels of a map that do not count
HIDDEN = (44, 62, 92)  # pixels that the model was not shown: unlike any grey, black included
OUTLINE = "#21e6ff"

DPI = 100
PANEL = 256  # least width of a panel in image pixels, rounded to whole pixels of the frame
GAP, GROUP_GAP = 10, 34
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 52, 84
BAR_HEIGHT, BAR_DROP = 16, 14
FONT = 19  # points
TITLE_LETTERS = 18  # in a line above a panel
LETTER_HEIGHT = 14  # image pixels of a panel's height for each letter of the label beside it
TITLE_LINE = 30  # image pixels


@dataclasses.dataclass(frozen=True)
class Scene:
    """One row of the figure: a sequence, and the maps of its last frame.

    Attributes:
      label: written beside the row, in several lines if the row is too low for it.
      clip_TxHxWxC: uint8, grey or RGB; the last frame is the one that was scored.
      shown_HxW: bool, what the model was shown of the last frame (of one of the masks).
      counted_HxW: bool, the pixels at which the maps count; the others are drawn neutral.
      maps: (H, W) by name, drawn in this order.
      changed_HxW: bool, the pixels that a corruption changed; outlined.
      notes: short texts by map name, written into the map: a score, say.
    """

    label: str
    clip_TxHxWxC: np.ndarray
    shown_HxW: np.ndarray
    counted_HxW: np.ndarray
    maps: Mapping[str, np.ndarray]
    changed_HxW: np.ndarray | None = None
    notes: Mapping[str, str] = dataclasses.field(default_factory=dict)


def surprise_figure(
    path: str | os.PathLike,
    scenes: Sequence[Scene],
    context: Sequence[int] | None = None,
    rows: Mapping[str, MapRow] = MAPS,
) -> None:
    """Writes the figure as a PNG: one row per scene, maps on one colour scale in all rows.

    Columns: some of the frames before, the last frame, what the model is shown of it, the maps.

    Args:
      path: the file to write.
      scenes: all with the same frame size, length and map names; usually a corrupted sequence and
        its uncorrupted version.
      context: numbers of the frames before that are drawn; by default three from first to last.
      rows: title and unit of every map, by name.
    """
    frames, height, width = scenes[0].clip_TxHxWxC.shape[:3]
    if context is None:
        context = np.unique(np.linspace(0, frames - 2, 3).round().astype(int))
    names = list(scenes[0].maps)
    groups = len(context), 2, len(names)
    titles = [f"frame {frame}" for frame in (*context, frames - 1)] + ["masked frame"]
    titles += [textwrap.fill(rows[name].title, TITLE_LETTERS) for name in names]
    lines = max(title.count("\n") + 1 for title in titles)
    labels = wrapped_labels([scene.label for scene in scenes], height, width)
    label_lines = max(label.count("\n") + 1 for label in labels)
    grid = PanelGrid(len(scenes), groups, height, width, lines, label_lines)
    limits = {name: _brightest([scene.maps[name] for scene in scenes], scenes) for name in names}
    for row, scene in enumerate(scenes):
        grid.label(row, labels[row])
        images = [scene.clip_TxHxWxC[frame] for frame in context]
        images += [scene.clip_TxHxWxC[-1], masked_image(scene.clip_TxHxWxC[-1], scene.shown_HxW)]
        for column, image in enumerate(images):
            draw_frame(grid.axes(row, column), image)
        draw_outline(grid.axes(row, len(context)), scene.changed_HxW)
        for column, name in enumerate(names, start=len(images)):
            axes = grid.axes(row, column)
            image = draw_map(axes, scene.maps[name], scene.counted_HxW, limits[name])
            draw_outline(axes, scene.changed_HxW)
            _note(axes, scene.notes.get(name))
            if row == len(scenes) - 1:
                grid.colour_bar(column, image, rows[name].unit)
    for column, title in enumerate(titles):
        grid.axes(0, column).set_title(title, fontsize=FONT, color=INK, pad=8)
    grid.figure.savefig(path, dpi=DPI)


def wrapped_labels(labels: Sequence[str], height: int, width: int) -> list[str]:
    """The labels in lines that are no longer than a panel of such frames is high."""
    letters = max(1, panel_scale(width) * height // LETTER_HEIGHT)
    return [textwrap.fill(label, letters, break_long_words=False) for label in labels]


def panel_scale(width: int) -> int:
    """The whole factor by which frames of a width are drawn enlarged."""
    return max(1, round(PANEL / width))


def masked_image(frame_HxWxC: np.ndarray, shown_HxW: np.ndarray) -> np.ndarray:
    """Returns the frame as RGB, uint8 (H, W, 3), its hidden pixels in one colour of their own."""
    return np.where(shown_HxW[..., None], frame_HxWxC, np.uint8(HIDDEN))


def draw_frame(axes: Axes, frame_HxWxC: np.ndarray) -> None:
    """Draws a grey or RGB frame, 0 to 255 from black to white."""
    grey = frame_HxWxC.shape[-1] == 1
    image = frame_HxWxC[..., 0] if grey else frame_HxWxC
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def draw_map(axes: Axes, map_HxW: np.ndarray, counted_HxW: np.ndarray, brightest: float):
    """Draws a map from 0 to `brightest`, uncounted pixels neutral; returns the image."""
    colours = matplotlib.colormaps[COLOUR_MAP].with_extremes(bad=NEUTRAL)
    counted = np.ma.masked_array(map_HxW, ~counted_HxW)
    return axes.imshow(counted, cmap=colours, vmin=0, vmax=brightest, interpolation="nearest")


def draw_outline(axes: Axes, area_HxW: np.ndarray | None) -> None:
    """Draws a line around an area, one pixel off it, so that nothing of it is covered."""
    if area_HxW is None or not area_HxW.any():
        return
    edges = outline(grown(area_HxW))
    lines = LineCollection(edges, colors=OUTLINE, linewidths=1.6, capstyle="projecting")
    axes.add_collection(lines, autolim=False)


def outline(area_HxW: np.ndarray) -> np.ndarray:
    """Returns the edges between an area and the rest, (E, 2, 2): from and to, each (x, y).

    Pixel (y, x) reaches from x − ½ to x + ½ and from y − ½ to y + ½, as `imshow` draws it.
    """
    padded = np.pad(area_HxW, 1)
    y, x = np.nonzero(padded[1:] != padded[:-1])  # horizontal edges lie above pixel y of the frame
    horizontal = np.stack([x - 1.5, y - 0.5, x - 0.5, y - 0.5], axis=-1)
    y, x = np.nonzero(padded[:, 1:] != padded[:, :-1])
    vertical = np.stack([x - 0.5, y - 1.5, x - 0.5, y - 0.5], axis=-1)
    return np.concatenate([horizontal, vertical]).reshape(-1, 2, 2)


def grown(area_HxW: np.ndarray) -> np.ndarray:
    """Returns the area and the eight neighbours of its pixels, bool (H, W)."""
    padded = np.pad(area_HxW, 1)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).any((2, 3))


def _brightest(maps: Sequence[np.ndarray], scenes: Sequence[Scene]) -> float:
    """Returns where the colours of one kind of map end, over all rows; never 0."""
    counted = [map_HxW[scene.counted_HxW] for map_HxW, scene in zip(maps, scenes)]
    values = np.concatenate(counted)
    return max(float(np.quantile(values, BRIGHTEST_QUANTILE)), 1e-3) if len(values) else 1.0


def _note(axes: Axes, text: str | None) -> None:
    if text:
        box = {"facecolor": "black", "alpha": 0.6, "linewidth": 0, "pad": 3}
        place = {"transform": axes.transAxes, "bbox": box}
        axes.text(0.03, 0.03, text, color="white", fontsize=FONT - 4, **place)


class PanelGrid:
    """Panels of equal size in rows and in groups of columns, placed by image pixels."""

    def __init__(
        self,
        rows: int,
        groups: Sequence[int],
        height: int,
        width: int,
        title_lines: int = 1,
        label_lines: int = 1,
    ):
        scale = panel_scale(width)
        self.panel_width, self.panel_height = scale * width, scale * height
        self.left = []
        x = self.label_width = LEFT + (label_lines - 1) * TITLE_LINE
        for columns in groups:
            for _ in range(columns):
                self.left.append(x)
                x += self.panel_width + GAP
            x += GROUP_GAP - GAP
        self.width = x - GROUP_GAP + RIGHT
        self.top = TOP + (title_lines - 1) * TITLE_LINE
        self.height = self.top + BOTTOM + rows * (self.panel_height + GAP) - GAP
        self.figure = Figure(figsize=(self.width / DPI, self.height / DPI), facecolor="white")
        self.panels = {}

    def axes(self, row: int, column: int) -> Axes:
        """Returns the panel, a new one when it is first asked for."""
        if (row, column) not in self.panels:
            bottom = self.height - self.top - row * (self.panel_height + GAP) - self.panel_height
            axes = self._add(self.left[column], bottom, self.panel_width, self.panel_height)
            axes.set_axis_off()
            self.panels[row, column] = axes
        return self.panels[row, column]

    def label(self, row: int, text: str) -> None:
        """Writes a row's label beside it."""
        middle = self.height - self.top - row * (self.panel_height + GAP) - self.panel_height / 2
        self.figure.text(
            self.label_width / 2 / self.width,
            middle / self.height,
            text,
            rotation="vertical",
            ha="center",
            va="center",
            fontsize=FONT - 2,
            color=INK,
        )

    def colour_bar(self, column: int, image, unit: str) -> None:
        """Draws the scale of a column's maps below it, with its unit."""
        axes = self._add(self.left[column], BOTTOM - BAR_DROP - BAR_HEIGHT, self.panel_width, BAR_HEIGHT)
        bar = self.figure.colorbar(image, cax=axes, orientation="horizontal")
        bar.outline.set_visible(False)
        # The unit stands left of the middle: the last label is the longest.
        bar.set_ticks([0, 0.4 * image.norm.vmax, image.norm.vmax])
        bar.set_ticklabels(["0", unit, f"≥ {image.norm.vmax:.2g}"])
        axes.tick_params(length=0, labelsize=FONT - 3, labelcolor=INK)
        first, _, last = axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")

    def _add(self, left: float, bottom: float, width: float, height: float) -> Axes:
        whole = self.width, self.height, self.width, self.height
        return self.figure.add_axes(
            [pixels / total for pixels, total in zip((left, bottom, width, height), whole)]
        )
