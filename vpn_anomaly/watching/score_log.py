"""Scores and events written while a source is watched, so that another program can follow them.

Every line is in the file as soon as it is written. A file that is there is replaced. Where the disk
is full, what was written before is left, all of it whole lines.
"""

import contextlib
import json
import math
import os
import pathlib
from collections.abc import Iterable, Mapping

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.files.csv_text import csv_line
from vpn_anomaly.watching.events import Change

ENDINGS = (".csv", ".jsonl")


class ScoreLog:
    """A row a frame: source, frame, time, each score by its name, p_KIND of each kind.

    A .csv has a line of column names first, and text in it is escape_formula (`csv_text`). What a frame does
    not have (None, not in the mapping, or not a finite number) is empty there and null in a .jsonl.

    Args:
      path: ends in .csv or .jsonl.
      scores, kinds: names of the scores, and of the kinds of p-values, in the columns' order.

    Raises:
      UserError: the file has another ending or cannot be written; also from `write` and `close`.
    """

    def __init__(self, path: str | os.PathLike, scores: Iterable[str], kinds: Iterable[str]):
        path = pathlib.Path(path)
        if path.suffix.lower() not in ENDINGS:
            raise UserError(f"{path}: give a file of scores that ends in {' or '.join(ENDINGS)}")
        self._scores, self._kinds = tuple(scores), tuple(kinds)
        self._columns = ["source", "frame", "time", *self._scores, *map("p_{}".format, self._kinds)]
        self._is_csv = path.suffix.lower() == ".csv"
        self._lines = LineFile(path)
        if self._is_csv:
            self._lines.write(csv_line(self._columns))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(
        self,
        source: str,
        index: int,
        time: float,
        score: Mapping[str, float | None],
        p: Mapping[str, float | None],
    ) -> None:
        """Adds the row of a frame: its number in the source, seconds, scores, p-values by kind.

        Raises:
          ValueError: a score or a kind has no column.
        """
        unknown = (score.keys() - set(self._scores)) | (p.keys() - set(self._kinds))
        if unknown:
            raise ValueError(f"no column for {', '.join(sorted(unknown))}")
        values = [*map(score.get, self._scores), *map(p.get, self._kinds)]
        row = [source, int(index), *map(_finite, [time, *values])]
        if self._is_csv:
            self._lines.write(csv_line(row))
        else:
            self._lines.write(_json_line(dict(zip(self._columns, row))))

    def close(self) -> None:
        self._lines.close()


class EventLog:
    """A line of JSON for each change of an event: its source, and what `Change.as_record` has.

    Events are counted from 0 in every source. Numbers that are not finite are null.

    Raises:
      UserError: the file cannot be written; also from `write` and `close`.
    """

    def __init__(self, path: str | os.PathLike):
        self._lines = LineFile(pathlib.Path(path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, source: str, change: Change) -> None:
        """Adds the line of a change."""
        record = {
            name: _finite(value) if isinstance(value, float) else value
            for name, value in change.as_record().items()
        }
        self._lines.write(_json_line({"source": source, **record}))

    def close(self) -> None:
        self._lines.close()


class LineFile:
    """A file of whole lines, each handed to the operating system as it is written."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self._length = 0  # bytes of whole lines
        with output_files.storing(path):
            self._file = output_files.open_for_tailing(path)

    def write(self, line: str) -> None:
        """Adds a line, which ends in "\\n". UserError where that fails: no part of it is left."""
        # A file name need not be UTF-8; Python keeps such bytes as surrogates.
        content = memoryview(line.encode(errors="surrogateescape"))
        left = content
        with output_files.storing(self.path):
            try:
                while left:  # the part that a disk still has room for is written without an error
                    left = left[self._file.write(left) :]
            except OSError:
                with contextlib.suppress(OSError):  # a pipe has no length
                    self._file.seek(self._length)
                    self._file.truncate()
                raise
        self._length += len(content)

    def close(self) -> None:
        """Closes the file. A second call does nothing."""
        with output_files.storing(self.path):
            self._file.close()


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _json_line(record: dict) -> str:
    return json.dumps(record, allow_nan=False) + "\n"
