"""Drawings of matplotlib as SVG that lies in a page itself."""

import io
from collections.abc import Callable

import matplotlib
from matplotlib.figure import Figure as Drawing

# The same text in every drawing, in the browser's font, and no two equal names in one drawing.
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "curve",
    "path.simplify": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
}


def svg_of(draw: Callable[[], Drawing]) -> bytes:
    """What `draw` draws. The same drawing gives the same bytes."""
    with matplotlib.rc_context(_SETTINGS):
        file = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        draw().savefig(file, format="svg", metadata=nothing)
    content = file.getvalue()
    return content[content.index(b"<svg") :]  # without the reference to a DTD elsewhere
