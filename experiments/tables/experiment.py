"""An experiment of a sweep: its question, what is expected of it before its runs, and the cells that answer."""

import dataclasses


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

    def holds(self, value: float) -> bool:
        """Whether a value, in percent or points, is in the expected range."""
        low = self.least is None or value >= self.least
        return low and (self.most is None or value <= self.most)


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
