"""Reads a page back, by Python's own parser: its tags, texts, tables and pictures."""

import base64
import dataclasses
import html.parser
import io
import re

import numpy as np
from PIL import Image

EMPTY = ("meta", "img", "br", "link", "hr", "input")  # have no end tag


@dataclasses.dataclass
class Element:
    """A tag with what is in it: elements and texts."""

    tag: str
    attributes: dict
    content: list

    @property
    def text(self) -> str:
        """All text in it, white space as one blank."""
        parts = [part if isinstance(part, str) else part.text for part in self.content]
        return " ".join("".join(parts).split())

    def all(self, tag: str) -> list["Element"]:
        """The elements of a tag in it, in order."""
        found = []
        for part in self.content:
            if not isinstance(part, str):
                found += [part] * (part.tag == tag) + part.all(tag)
        return found

    def one(self, **attributes) -> "Element":
        """The only element in it with these attributes (`id`, …)."""
        (found,) = [part for part in self.every() if attributes.items() <= part.attributes.items()]
        return found

    def every(self) -> list["Element"]:
        return [one for part in self.content if not isinstance(part, str) for one in (part, *part.every())]


class _Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.document = Element("document", {}, [])
        self._open = [self.document]
        self.declarations = []

    def handle_decl(self, decl):
        self.declarations.append(decl)

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        element = Element(tag, dict(attrs), [])
        self._open[-1].content.append(element)
        if tag not in EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data):
        self._open[-1].content.append(data)

    def close(self):
        super().close()
        assert len(self._open) == 1, f"<{self._open[-1].tag}> is never closed"


def read(text: str) -> Element:
    """The document; an error where a tag is not closed, or closed in a wrong order."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.declarations == ["DOCTYPE html"] and text.lstrip().startswith("<!DOCTYPE html>")
    assert [part.tag for part in reader.document.content if not isinstance(part, str)] == ["html"]
    return reader.document


def read_alone(text: str) -> Element:
    """The document, which has to need nothing beside it, and whose links have to lead somewhere."""
    document = read(text)
    ids = [element.attributes["id"] for element in document.every() if "id" in element.attributes]
    assert len(set(ids)) == len(ids)
    for element in document.every():
        assert element.tag not in ("script", "link", "iframe", "object", "embed", "base")
        for name, value in element.attributes.items():
            assert not name.startswith("on"), name
            if name in ("src", "href", "srcset", "poster", "action", "data", "xlink:href"):
                assert value.startswith("data:image/") or value[0] == "#" and value[1:] in ids, value
        if element.tag == "style" or "style" in element.attributes:
            style = element.attributes.get("style", "") + element.text
            assert "@import" not in style and "url(" not in style and "<" not in style
    for image in document.all("img"):
        kind, content = content_of(image)
        if kind == "image/svg+xml":
            assert "<!DOCTYPE" not in content.decode() and "<script" not in content.decode()
            addresses = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', content.decode())
            assert all((one or other).startswith("#") for one, other in addresses)
    return document


def content_of(image: Element) -> tuple[str, bytes]:
    """Media type and bytes of an img."""
    kind, encoded = re.fullmatch("data:([^;]+);base64,(.*)", image.attributes["src"]).groups()
    return kind, base64.b64decode(encoded, validate=True)


def pixels_of(image: Element) -> np.ndarray:
    """An img decoded, uint8 (H, W) or (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(content_of(image)[1])))


def rows_of(table: Element) -> list[list[str]]:
    """The texts of the cells of the table's body."""
    (body,) = table.all("tbody")
    return [[cell.text for cell in row.all("td")] for row in body.all("tr")]
