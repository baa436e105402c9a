"""Rows of a table as lines of CSV or JSON, depending on the file name's extension."""

import json
import pathlib
from collections.abc import Mapping, Sequence

from vpn_anomaly.files.csv_text import csv_line
from vpn_anomaly.files.output_files import write_atomically

ENCODING = {"encoding": "utf-8", "errors": "surrogateescape"}  # a file name need not be UTF-8


class RowFormat:
    """Formats a table with these columns as lines, each ending in "\\n".

    Attributes:
      head: the line before the rows: the column names for CSV, empty for JSONL.
    """

    head: str

    def __init__(self, path: pathlib.Path, columns: Sequence[str], allow_nan: bool = True):
        """path: JSONL if it ends in .jsonl, else CSV, in which formulas are escaped (`csv_text`).

        allow_nan: see `json_line`.
        """
        self._allow_nan = allow_nan
        self._columns, self._is_json = tuple(columns), path.suffix.lower() == ".jsonl"
        self.head = "" if self._is_json else csv_line(self._columns)

    def line(self, values: Sequence[object]) -> str:
        """A row, with a value for every column; None becomes an empty cell in CSV."""
        if self._is_json:
            return json_line(dict(zip(self._columns, values, strict=True)), self._allow_nan)
        return csv_line(values)


def json_line(record: Mapping[str, object], allow_nan: bool = True) -> str:
    """The record as a line of JSON, ending in "\\n". ValueError for NaN or infinity unless allow_nan."""
    return json.dumps(record, allow_nan=allow_nan) + "\n"


def write_rows(path: pathlib.Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes one or more rows with the same columns, atomically.

    UserError if the file cannot be written.
    """
    text = rows_text(RowFormat(path, [*rows[0]]), rows)
    write_atomically(path, lambda file: file.write(text.encode(**ENCODING)))


def rows_text(form: RowFormat, rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as lines, with their head."""
    return form.head + "".join(form.line([*row.values()]) for row in rows)
