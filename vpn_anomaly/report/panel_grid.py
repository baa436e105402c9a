"""Panels of a figure in rows and columns, laid out in whole image pixels.

So every pixel of a frame is drawn equally large.
"""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpn_anomaly.report.colours import INK

DPI = 100
PANEL = 256  # least width of a panel in image pixels, rounded to whole pixels of the frame
GAP, GROUP_GAP = 10, 34
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 52, 84
BAR_HEIGHT, BAR_DROP = 16, 14
FONT = 19  # points
LETTER_HEIGHT = 14  # image pixels of a panel's height for each letter of the label beside it
TITLE_LINE = 30  # image pixels


def wrapped_labels(labels: Sequence[str], height: int, width: int) -> list[str]:
    """The labels in lines that are no longer than a panel of such frames is high."""
    letters = max(1, panel_scale(width) * height // LETTER_HEIGHT)
    return [textwrap.fill(label, letters, break_long_words=False) for label in labels]


def panel_scale(width: int) -> int:
    """The whole factor by which frames of a width are drawn enlarged."""
    return max(1, round(PANEL / width))


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
