"""Reads the page back that shows how a training goes."""

import re
from xml.etree import ElementTree

import numpy as np

from tests.report.html_reader import content_of, read_alone

SVG = "{http://www.w3.org/2000/svg}"


def page_of(directory):
    """The page in the folder of a run, which has to stand alone."""
    return read_alone((directory / "report.html").read_text(encoding="utf-8"))


def refreshes(page):
    """The seconds after which a browser loads it again, as texts; none where it stays."""
    return [meta.attributes["content"] for meta in page.all("meta") if "http-equiv" in meta.attributes]


def points_of(page):
    """The losses of the curve, (x, y) each, in the drawing's points."""
    (image,) = page.one(id="loss-curve").all("img")
    root = ElementTree.fromstring(content_of(image)[1])
    (group,) = [g for g in root.iter(f"{SVG}g") if g.get("id") == "loss"]
    (path,) = group.iter(f"{SVG}path")
    return np.array([(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", path.get("d"))])
