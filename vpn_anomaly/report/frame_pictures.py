"""The pictures of a frame: itself with a box, what the model predicts, and the surprise over it."""

import numpy as np

from vpn_anomaly.report.map_rows import map_row
from vpn_anomaly.report.overlay import BRIGHTEST, LEVELS, blended
from vpn_anomaly.report.parts import ColourBar, Picture
from vpn_anomaly.report.pictures import image_uri, picture
from vpn_anomaly.scoring.frame_view import FrameView


def frame_pictures(
    view: FrameView, caption: str, box: tuple[int, int, int, int] | None = None
) -> tuple[Picture, ...]:
    """The frame, the prediction of the frame where there is one, the frame under the surprise map.

    Args:
      caption: of the first picture.
      box: (top, left, bottom, right) in pixels, round something in the first picture.
    """
    expected = ", less what is expected" if view.less_expected else ""
    predicted = view.prediction_HxWx1
    return (
        picture(view.frame_HxWxC, caption, box),
        *([] if predicted is None else [picture(predicted, "what the model expects")]),
        picture(
            blended(view.frame_HxWxC, view.surprise_HxW, BRIGHTEST), map_row(view.map_name).title + expected
        ),
    )


def colour_bar() -> ColourBar:
    """The colours of the map in the third picture, over a grey frame."""
    grey_1xVx1 = np.full((1, LEVELS, 1), 128, np.uint8)
    colours = blended(grey_1xVx1, np.linspace(0, BRIGHTEST, LEVELS)[None], BRIGHTEST)
    return ColourBar(image_uri(colours), "Map:", "0 nats", f"{BRIGHTEST:g} nats or more")
