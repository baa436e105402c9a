"""A file of lines that another program can follow while it is written."""

import contextlib
import os
import pathlib

from vpn_anomaly.files import output_files
from vpn_anomaly.files.file_writer import FileWriter
from vpn_anomaly.files.rows import ENCODING


class LineFile(FileWriter):
    """Every line reaches the file as soon as it is written. An existing file is replaced.

    When the disk is full, the complete lines written before remain.

    Raises:
      UserError: the file cannot be written; also from `write` and `close`.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        self._length = 0  # bytes of complete lines
        with output_files.storing(self.path):
            self._file = output_files.open_for_tailing(self.path)

    def write(self, line: str) -> None:
        """Appends a line, which has to end in "\\n". UserError if that fails: no part of it remains."""
        content = memoryview(line.encode(**ENCODING))
        left = content
        with output_files.storing(self.path):
            try:
                while left:  # a nearly full disk takes part of the line without an error
                    left = left[self._file.write(left) :]
            except OSError:
                with contextlib.suppress(OSError):  # a pipe has no length
                    self._file.seek(self._length)
                    self._file.truncate()
                raise
        self._length += len(content)

    def close(self) -> None:
        with output_files.storing(self.path):
            self._file.close()
