"""What a page is made of. Texts are plain: whatever they hold is shown as it is, not read as HTML.

Where a part has an `anchor`, cells and texts of the same page can lead to it.
"""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Text:
    """Paragraphs."""

    paragraphs: Sequence[str]
    kind = "text"


@dataclasses.dataclass(frozen=True)
class Facts:
    """Names with their values, one below the other."""

    rows: Sequence[tuple[str, str]]
    kind = "facts"


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, a note in small print behind it, and what it leads to.

    to: an anchor of the page; file: a file, from the page's folder.
    """

    text: str
    note: str = ""
    to: str = ""
    file: str = ""

    @property
    def link(self) -> str:
        return f"#{self.to}" if self.to else self.file


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table. Neighbours of one `group` have its name above them."""

    title: str
    number: bool = True  # to the right, digits below digits
    group: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells or plain strings, as many in each as there are columns."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""
    anchor: str = ""
    kind = "table"

    def groups(self) -> list[tuple[str, int]]:
        """(name, number of columns) of the groups from left to right; none where no column has one."""
        groups = []
        for column in self.columns:
            if groups and column.group and groups[-1][0] == column.group:
                groups[-1] = column.group, groups[-1][1] + 1
            else:
                groups.append((column.group, 1))
        return groups if any(name for name, _ in groups) else []

    def cells(self) -> list[list[tuple[Column, Cell]]]:
        """Every row's cells with their columns. ValueError for a row of another length."""
        as_cell = lambda cell: cell if isinstance(cell, Cell) else Cell(cell)
        return [
            [(column, as_cell(cell)) for column, cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]


@dataclasses.dataclass(frozen=True)
class Figure:
    """A drawing. `source` is a data URI, `title` stands above, `caption` below.

    width: pixels at most; 0: as wide as the page.
    """

    source: str
    title: str = ""
    caption: str = ""
    anchor: str = ""
    width: int = 0
    kind = "figure"


@dataclasses.dataclass(frozen=True)
class ColourBar:
    """A strip of colours with what its ends mean. `source` is a data URI."""

    source: str
    title: str
    low: str
    high: str
    kind = "colour_bar"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture of a card, made by `pictures.picture`.

    Attributes:
      source: a data URI.
      height, width: of the picture, in its own pixels.
      caption: below it.
      box: (top, left, bottom, right) in these pixels, drawn round them; None: no box.
    """

    source: str
    height: int
    width: int
    caption: str = ""
    box: tuple[int, int, int, int] | None = None

    def box_style(self) -> str:
        """Where the box lies, in percent of the picture, so that it is right at any size."""
        top, left, bottom, right = self.box
        edges = {
            "top": top / self.height,
            "left": left / self.width,
            "bottom": 1 - bottom / self.height,
            "right": 1 - right / self.width,
        }
        return "; ".join(f"{name}: {100 * part:.3f}%" for name, part in edges.items())


@dataclasses.dataclass(frozen=True)
class Card:
    """Pictures in a row under a title and a line of text."""

    title: str
    text: str
    pictures: Sequence[Picture]
    anchor: str = ""


@dataclasses.dataclass(frozen=True)
class Cards:
    """Cards, one below the other."""

    cards: Sequence[Card]
    kind = "cards"


Part = Text | Facts | Table | Figure | ColourBar | Cards


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    parts: Sequence[Part]
    anchor: str


@dataclasses.dataclass(frozen=True)
class Page:
    """The whole page: what it is about, the facts at its head, its sections.

    refresh: seconds after which an open browser loads it again; 0: never.
    """

    title: str
    subtitle: str
    facts: Facts
    sections: Sequence[Section]
    refresh: int = 0
