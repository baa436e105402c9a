"""What was found, drawn over a frame: the surprise map, boxes of open events, lines of text."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vpn_anomaly.report.colours import COLOUR_MAP
from vpn_anomaly.scoring.event_kinds import kind_named, label
from vpn_anomaly.watching.boxes import Box
from vpn_anomaly.watching.monitor import OpenEvent

LEAST_WIDTH = 480  # pixels; narrower frames are enlarged, or no text could be read in them
# The map's colours by its value, 0 to `brightest`. The end of magma is left out: it is nearly white
# and could not be told from a white thing under it.
LAST_COLOUR = 0.8
LEVELS = 256
LEVEL_V = np.linspace(0, LAST_COLOUR, LEVELS)
COLOUR_Vx3 = matplotlib.colormaps[COLOUR_MAP](LEVEL_V, bytes=True)[:, :3]
BRIGHTEST = 12.0  # nats: where the colours of watched frames end; a normal pixel is at about 1
LEAST_LEVEL, MOST_OPAQUE = 0.1, 0.85  # the map is invisible below the first and never covers more
INK, PAPER = (255, 255, 255), (0, 0, 0, 150)  # of the text; the last number is the opacity
FONT_SHARE, LEAST_FONT = 48, 15  # the picture's width in letter heights; pixels
MARGIN = 3  # pixels round a text


class Overlay:
    """Draws pictures of one size, for frames of one size.

    Attributes:
      scale: the whole factor by which frames are enlarged.
      size: (height, width) of the pictures in pixels; even, as video encoders need it.
    """

    def __init__(self, height: int, width: int):
        self.scale = max(1, -(-LEAST_WIDTH // width))
        lengths = height * self.scale, width * self.scale
        self.size = tuple(length + length % 2 for length in lengths)
        self._frame_size = height, width
        self._font = ImageFont.load_default(max(LEAST_FONT, self.size[1] // FONT_SHARE))
        self._line_height = sum(self._font.getmetrics()) + MARGIN

    def picture(
        self,
        frame_HxWxC: np.ndarray,
        map_HxW: np.ndarray | None,
        brightest: float,
        lines: Sequence[str],
        events: Sequence[OpenEvent],
    ) -> np.ndarray:
        """The frame with all that is drawn over it, RGB, uint8 (*size, 3).

        Args:
          frame_HxWxC: uint8, grey or RGB.
          map_HxW: surprise at each pixel; NaN is drawn as 0. None: no map.
          brightest: the surprise at which the map's colours end.
          lines: text at the top left; lines that are too long are wrapped.
          events: that are open; one without a box has the whole frame. Names at one corner of equal boxes
            stand beneath each other.

        Raises:
          ValueError: the frame or the map has another size.
        """
        if frame_HxWxC.shape[:2] != self._frame_size:
            raise ValueError(f"a frame of {frame_HxWxC.shape}, not {self._frame_size}")
        blended_HxWx3 = blended(frame_HxWxC, map_HxW, brightest)
        large = blended_HxWx3.repeat(self.scale, axis=0).repeat(self.scale, axis=1)
        padding = [(0, size - length) for size, length in zip(self.size, large.shape)]
        image = Image.fromarray(np.pad(large, [*padding, (0, 0)], mode="edge"))
        draw = ImageDraw.Draw(image, "RGBA")
        parts = [part for line in lines for part in self._wrapped(line)]
        named: dict[str, list[Box]] = {}  # by corner of the boxes, the places of names
        for event in events:
            taken = named.setdefault(kind_named(event.kind).corner, [])
            taken.append(self._draw_box(draw, event, taken, text_bottom=len(parts) * self._line_height))
        for number, part in enumerate(parts):
            self._draw_text(draw, 0, number * self._line_height, part, INK, PAPER)
        return np.asarray(image)

    def _draw_box(self, draw, event: OpenEvent, taken: Sequence[Box], text_bottom: int) -> Box:
        """A line round the box, not over it, as far as the picture reaches; and the name.

        Returns the place of the name, which is apart from those taken.
        """
        colour, corner = kind_named(event.kind).colour, kind_named(event.kind).corner
        box, name = event.box or Box(0, 0, *self._frame_size), label(event.kind, event.member)
        height, width = self.size
        line = max(2, width // 240)
        top, left, bottom, right = (edge * self.scale for edge in box)
        top, left = max(0, top - line), max(0, left - line)
        bottom, right = min(height, bottom + line), min(width, right + line)
        draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=line)
        label_height, label_width = self._line_height, self._text_width(name)
        x = left if "left" in corner else right - label_width
        y = top - label_height
        if "bottom" in corner or y < text_bottom:
            y = min(bottom, height - label_height)
        x = max(0, min(x, width - label_width))
        place = self._free(Box(y, x, y + label_height, x + label_width), taken)
        self._draw_text(draw, x, place.top, name, (0, 0, 0), colour)
        return place

    def _free(self, place: Box, taken: Sequence[Box]) -> Box:
        """The place of a name, or the nearest one below or above it that no other name has."""
        height = place.bottom - place.top
        for lines in sorted(range(-len(taken), len(taken) + 1), key=lambda lines: (abs(lines), -lines)):
            top = place.top + lines * height
            moved = place._replace(top=top, bottom=top + height)
            inside = top >= 0 and moved.bottom <= self.size[0]
            if inside and not any(_overlap(moved, other) for other in taken):
                return moved
        return place

    def _draw_text(self, draw, x: int, y: int, text: str, ink: tuple, paper: tuple) -> None:
        right, bottom = x + self._text_width(text) - 1, y + self._line_height - 1
        draw.rectangle((x, y, right, bottom), fill=paper)
        draw.text((x + MARGIN, y + MARGIN), text, fill=ink, font=self._font)

    def _text_width(self, text: str) -> int:
        return int(np.ceil(self._font.getlength(text))) + 2 * MARGIN

    def _wrapped(self, line: str) -> list[str]:
        """The line in parts that fit the picture, as far as its words do."""
        parts = []
        for word in line.split(" "):
            longer = f"{parts[-1]} {word}" if parts else word
            if parts and self._text_width(longer) <= self.size[1]:
                parts[-1] = longer
            else:
                parts.append(word)
        return [part.strip() for part in parts]


def _overlap(one: Box, other: Box) -> bool:
    return max(one.top, other.top) < min(one.bottom, other.bottom) and max(one.left, other.left) < min(
        one.right, other.right
    )


def blended(frame_HxWxC: np.ndarray, map_HxW: np.ndarray | None, brightest: float) -> np.ndarray:
    """The frame under the map in colour, RGB, uint8 (H, W, 3): the higher, the more opaque.

    Opacity grows evenly from 0 at a tenth of `brightest` to MOST_OPAQUE at `brightest` and above.
    Without a map, or where `brightest` is not above 0, it is the frame.
    """
    frame_HxWx3 = np.broadcast_to(frame_HxWxC, (*frame_HxWxC.shape[:2], 3))
    if map_HxW is None or not brightest > 0:
        return frame_HxWx3
    if map_HxW.shape != frame_HxWxC.shape[:2]:
        raise ValueError(f"a map of {map_HxW.shape} over a frame of {frame_HxWxC.shape}")
    level_HxW = np.nan_to_num(np.asarray(map_HxW, np.float32) / brightest, posinf=1).clip(0, 1)
    opacity_HxW = MOST_OPAQUE * ((level_HxW - LEAST_LEVEL) / (1 - LEAST_LEVEL)).clip(0)
    colour_HxWx3 = COLOUR_Vx3[np.rint(level_HxW * (LEVELS - 1)).astype(int)]
    opacity_HxWx1 = opacity_HxW[..., None]
    mixed = (1 - opacity_HxWx1) * frame_HxWx3 + opacity_HxWx1 * colour_HxWx3
    return np.rint(mixed).astype(np.uint8)
