"""What was found, drawn over a frame: the surprise map, boxes of open events, lines of text."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vpn_anomaly.evaluation.figures import COLOUR_MAP
from vpn_anomaly.watching.boxes import Box

LEAST_WIDTH = 480  # pixels; narrower frames are enlarged, or no text could be read in them
# The map's colours by its value, 0 to `brightest`. The end of magma is left out: it is nearly white
# and could not be told from a white thing under it.
LAST_COLOUR = 0.8
LEVELS = 256
COLOUR_VxC = matplotlib.colormaps[COLOUR_MAP](np.linspace(0, LAST_COLOUR, LEVELS))[:, :3] * 255
LEAST_LEVEL, MOST_OPAQUE = 0.1, 0.85  # the map is invisible below the first and never covers more
# Colour of an event's box, and the corner of its label: so labels of equal boxes lie apart.
KIND_STYLE = {
    "missing": ((33, 230, 255), "top left"),
    "intruding": ((90, 255, 80), "top right"),
    "motion": ((255, 240, 60), "bottom left"),
}
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
        self.size = tuple(length * self.scale + length * self.scale % 2 for length in (height, width))
        self._frame_size = height, width
        self._font = ImageFont.load_default(max(LEAST_FONT, self.size[1] // FONT_SHARE))

    def picture(
        self,
        frame_HxWxC: np.ndarray,
        map_HxW: np.ndarray | None,
        brightest: float,
        lines: Sequence[str],
        boxes: Sequence[tuple[str, Box | None]],
    ) -> np.ndarray:
        """The frame with all that is drawn over it, RGB, uint8 (*size, 3).

        Args:
          frame_HxWxC: uint8, grey or RGB.
          map_HxW: surprise at each pixel; NaN is drawn as 0. None: no map.
          brightest: the surprise at which the map's colours end.
          lines: text at the top left; lines that are too long are wrapped.
          boxes: (kind, box) of each open event; None is the whole frame.

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
        for kind, box in boxes:
            self._draw_box(draw, kind, box or Box(0, 0, *self._frame_size))
        self._draw_lines(draw, lines)
        return np.asarray(image)

    def _draw_box(self, draw: ImageDraw.ImageDraw, kind: str, box: Box) -> None:
        """A frame round the box, not over it, as far as the picture reaches; and the kind."""
        colour, corner = KIND_STYLE[kind]
        height, width = self.size
        line = max(2, width // 240)
        top, left, bottom, right = (edge * self.scale for edge in box)
        top, left = max(0, top - line), max(0, left - line)
        bottom, right = min(height, bottom + line), min(width, right + line)
        draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=line)
        text_height, text_width = self._text_size(kind)
        x = left if "left" in corner else right - text_width
        y = top - text_height if "top" in corner else bottom
        x, y = (max(0, min(place, most))
                for place, most in ((x, width - text_width), (y, height - text_height)))
        self._draw_text(draw, x, y, kind, (0, 0, 0), (*colour, 220))

    def _draw_lines(self, draw: ImageDraw.ImageDraw, lines: Sequence[str]) -> None:
        y = 0
        for line in lines:
            for part in self._wrapped(line):
                self._draw_text(draw, 0, y, part, INK, PAPER)
                y += self._text_size(part)[0]

    def _draw_text(self, draw: ImageDraw.ImageDraw, x: int, y: int, text: str, ink, paper) -> None:
        height, width = self._text_size(text)
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=paper)
        draw.text((x + MARGIN, y + MARGIN), text, fill=ink, font=self._font)

    def _text_size(self, text: str) -> tuple[int, int]:
        """(height, width) of a text with its margin, the same height for every text."""
        height = sum(self._font.getmetrics()) + MARGIN
        return height, int(np.ceil(self._font.getlength(text))) + 2 * MARGIN

    def _wrapped(self, line: str) -> list[str]:
        """The line in parts that fit the picture, as far as its words do."""
        parts = []
        for word in line.split(" "):
            longer = f"{parts[-1]} {word}" if parts else word
            if parts and self._text_size(longer)[1] <= self.size[1]:
                parts[-1] = longer
            else:
                parts.append(word)
        return parts


def blended(
    frame_HxWxC: np.ndarray, map_HxW: np.ndarray | None, brightest: float
) -> np.ndarray:
    """The frame under the map in colour, RGB, uint8 (H, W, 3): the higher, the more opaque.

    Opacity grows evenly from 0 at a tenth of `brightest` to MOST_OPAQUE at `brightest` and above.
    Without a map, or where `brightest` is not above 0, it is the frame.
    """
    frame_HxWx3 = np.broadcast_to(frame_HxWxC, (*frame_HxWxC.shape[:2], 3))
    if map_HxW is None or not brightest > 0:
        return frame_HxWx3
    if map_HxW.shape != frame_HxWxC.shape[:2]:
        raise ValueError(f"a map of {map_HxW.shape} over a frame of {frame_HxWxC.shape}")
    level_HxW = np.clip(np.nan_to_num(map_HxW / brightest, posinf=1, neginf=0), 0, 1)
    opacity_HxW = MOST_OPAQUE * np.clip((level_HxW - LEAST_LEVEL) / (1 - LEAST_LEVEL), 0, 1)
    colour_HxWx3 = COLOUR_VxC[np.rint(level_HxW * (LEVELS - 1)).astype(int)]
    opacity_HxWx1 = opacity_HxW[..., None]
    mixed = (1 - opacity_HxWx1) * frame_HxWx3 + opacity_HxWx1 * colour_HxWx3
    return np.rint(mixed).astype(np.uint8)
