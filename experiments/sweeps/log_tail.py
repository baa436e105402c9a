"""The end of a log that another process is writing: its last line, or the last step of a train.jsonl."""

import json
import os
import pathlib

_TAIL = 4096  # bytes; longer than any line


def last_line(path: pathlib.Path, start: int = 0) -> str:
    """The last non-empty line after byte `start`; "" if there is none."""
    lines = _last_bytes(path, start).decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def last_step(path: pathlib.Path) -> int | None:
    """The step of the last complete line of train.jsonl; None if there is none yet."""
    for line in reversed(_last_bytes(path).splitlines()):
        try:
            return int(json.loads(line)["step"])
        except (ValueError, KeyError, TypeError):  # a line that is still being written
            continue
    return None


def _last_bytes(path: pathlib.Path, start: int = 0) -> bytes:
    """The end of a file, from byte `start` at the earliest; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - _TAIL))
            return file.read()
    except OSError:
        return b""
