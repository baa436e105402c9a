"""The scores of frames, written while they are watched."""

import math
import os
import pathlib
from collections.abc import Iterable, Mapping

from vpn_anomaly.errors import UserError
from vpn_anomaly.files.file_writer import FileWriter
from vpn_anomaly.files.line_file import LineFile
from vpn_anomaly.files.rows import RowFormat
from vpn_anomaly.watching.output import Output

ENDINGS = (".csv", ".jsonl")


class ScoreLog(FileWriter):
    """A row per frame: source, frame, time, each score by its column, p_KEY of each key: a member's kind.

    A .csv has a line of column names first, and text in it is guarded (`csv_text`). What a frame does
    not have (None, not in the mapping, or not a finite number) is empty there and null in a .jsonl.
    Another program can follow the file (`LineFile`).

    Args:
      path: ends in .csv or .jsonl.
      scores, keys: columns of the scores, and keys of the p-values, in the columns' order.

    Raises:
      UserError: the file has another ending or cannot be written; also from `write` and `close`.
    """

    def __init__(self, path: str | os.PathLike, scores: Iterable[str], keys: Iterable[str]):
        path = pathlib.Path(path)
        if path.suffix.lower() not in ENDINGS:
            raise UserError(f"{path}: give a file of scores that ends in {' or '.join(ENDINGS)}")
        self._scores, self._keys = tuple(scores), tuple(keys)
        columns = ["source", "frame", "time", *self._scores, *map("p_{}".format, self._keys)]
        self._format, self._lines = RowFormat(path, columns, allow_nan=False), LineFile(path)
        self._lines.write(self._format.head)

    def write(
        self,
        source: str,
        index: int,
        time: float,
        score: Mapping[str, float | None],
        p: Mapping[str, float | None],
    ) -> None:
        """Adds the row of a frame: its number in the source, seconds, scores, p-values by key.

        Raises:
          ValueError: a score or a key has no column.
        """
        unknown = (score.keys() - set(self._scores)) | (p.keys() - set(self._keys))
        if unknown:
            raise ValueError(f"no column for {', '.join(sorted(unknown))}")
        values = [*map(score.get, self._scores), *map(p.get, self._keys)]
        self._lines.write(self._format.line([source, int(index), *map(finite, [time, *values])]))

    def close(self) -> None:
        self._lines.close()


class ScoreOutput(Output):
    """A row per frame, from the first source that can be watched on; see `ScoreLog`."""

    def __init__(self, path: pathlib.Path):
        self._path, self._log = path, None

    def begin(self, video, monitor):
        self._log = self._log or ScoreLog(self._path, monitor.columns, monitor.watched)

    def frame(self, source, frame, result):
        self._log.write(source, frame.index, frame.time, result.scores, result.p)

    def close(self):
        if self._log is not None:
            self._log.close()


def finite(value: float | None) -> float | None:
    """The value as a plain float; None where it is not a finite number."""
    return float(value) if value is not None and math.isfinite(value) else None
