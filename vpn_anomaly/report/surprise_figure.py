"""The paper's figure: what the model saw of a sequence, and where the last frame surprises it."""

from __future__ import annotations

import dataclasses
import os
import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.image import AxesImage

from vpn_anomaly.report.colours import COLOUR_MAP, INK
from vpn_anomaly.report.map_rows import MAPS, MapRow
from vpn_anomaly.report.panel_grid import DPI, FONT, PanelGrid, wrapped_labels

# A map's colours end here, so that a single pixel does not darken all others.
BRIGHTEST_QUANTILE = 0.999
NEUTRAL = "#7d8590"  # pixels of a map that do not count
HIDDEN = (44, 62, 92)  # pixels that the model was not shown: unlike any grey, black included
OUTLINE = "#21e6ff"
TITLE_LETTERS = 18  # in a line above a panel


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
        _draw_frames(grid, row, scene, context)
        images = _draw_maps(grid, row, scene, limits, first_column=len(context) + 2)
    for column, name in enumerate(names, start=len(context) + 2):  # below the last row
        grid.colour_bar(column, images[name], rows[name].unit)
    for column, title in enumerate(titles):
        grid.axes(0, column).set_title(title, fontsize=FONT, color=INK, pad=8)
    grid.figure.savefig(path, dpi=DPI)


def _draw_frames(grid: PanelGrid, row: int, scene: Scene, context: Sequence[int]) -> None:
    """The frames of the context, the last frame with what was changed, and the masked one."""
    last_HxWxC = scene.clip_TxHxWxC[-1]
    images = [scene.clip_TxHxWxC[frame] for frame in context]
    images += [last_HxWxC, masked_image(last_HxWxC, scene.shown_HxW)]
    for column, image in enumerate(images):
        draw_frame(grid.axes(row, column), image)
    draw_outline(grid.axes(row, len(context)), scene.changed_HxW)


def _draw_maps(
    grid: PanelGrid, row: int, scene: Scene, limits: Mapping[str, float], first_column: int
) -> dict[str, AxesImage]:
    """The maps with what was changed and their notes; returns the images by name."""
    images = {}
    for column, name in enumerate(scene.maps, start=first_column):
        axes = grid.axes(row, column)
        images[name] = draw_map(axes, scene.maps[name], scene.counted_HxW, limits[name])
        draw_outline(axes, scene.changed_HxW)
        _note(axes, scene.notes.get(name))
    return images


def masked_image(frame_HxWxC: np.ndarray, shown_HxW: np.ndarray) -> np.ndarray:
    """Returns the frame as RGB, uint8 (H, W, 3), its hidden pixels in one colour of their own."""
    return np.where(shown_HxW[..., None], frame_HxWxC, np.uint8(HIDDEN))


def draw_frame(axes: Axes, frame_HxWxC: np.ndarray) -> None:
    """Draws a grey or RGB frame, 0 to 255 from black to white."""
    grey = frame_HxWxC.shape[-1] == 1
    image = frame_HxWxC[..., 0] if grey else frame_HxWxC
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def draw_map(axes: Axes, map_HxW: np.ndarray, counted_HxW: np.ndarray, brightest: float) -> AxesImage:
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
