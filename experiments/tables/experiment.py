"""Experiments of a sweep: questions, expectations before the runs, cells that answer; and claims about rows."""

import dataclasses
import math
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Cell:
    """An accuracy of a sweep's table.

    Attributes:
      row: of the sweep.
      corruption, score: their names.
    """

    row: str
    corruption: str
    score: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A cell, or its difference to another on the same test sequences, and what is expected of it.

    Attributes:
      cell: the accuracy, percent.
      minus: subtracted from it, where the difference in points is asked for.
      least, most: the expected range, in percent or points; None: open.
    """

    cell: Cell
    minus: Cell | None = None
    least: float | None = None
    most: float | None = None

    def verdict(self, low: float, high: float) -> str:
        """Whether an interval, in percent or points, is in the expected range: yes, no, or open where it is in part.

        Empty where nothing is expected.
        """
        if self.least is None and self.most is None:
            return ""
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        if least <= low and high <= most:
            return "yes"
        return "no" if high < least or most < low else "open"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One question.

    Attributes:
      number: in the order in which they are run.
      question: what it asks, a sentence.
      expected: what is expected, in words.
      primary: the comparison that decides, stated before the runs.
      others: further ones, which are reported with it.
    """

    number: int
    question: str
    expected: str
    primary: Comparison
    others: tuple[Comparison, ...] = ()


@dataclasses.dataclass(frozen=True)
class Claim:
    """One row is better than another.

    Attributes:
      text: in words.
      row, other: rows of a sweep's results.
      why: what explains the figures, in a sentence.
      paper: the difference that the paper reports, points; None: none.
      scores: of the rows, where they are not a column's: by its (corruption, score).
    """

    text: str
    row: str
    other: str
    why: str
    paper: float | None = None
    scores: Mapping[tuple[str, str], tuple[str, str]] = dataclasses.field(default_factory=dict)

    def comparison(self, column: tuple[str, str]) -> Comparison:
        """What a column shows."""
        corruption, score = column
        first, second = self.scores.get(column, (score, score))
        return Comparison(Cell(self.row, corruption, first), Cell(self.other, corruption, second))
