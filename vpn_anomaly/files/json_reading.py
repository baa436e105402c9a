"""JSON files of unknown origin: read as an object of bounded length and nesting depth, or refused."""

import json
import pathlib
from collections.abc import Mapping

LONGEST = 32 * 2**20  # bytes; parsed, a file takes up to thirty times as much memory
DEEPEST = 50  # nested objects and lists; the package writes fewer than ten


def read_object(path: pathlib.Path) -> dict:
    """The object in a JSON file.

    Raises OSError if the file cannot be read, and ValueError, whose text says why in a few words, if it
    holds anything else. The result is shallow enough for recursive code (comparison, printing).
    """
    with open(path, "rb") as file:
        stored = file.read(LONGEST + 1)
    if len(stored) > LONGEST:
        raise ValueError(f"longer than {LONGEST} bytes")
    try:
        content = json.loads(stored)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError as error:  # also for bytes that cannot be decoded
        raise ValueError("not JSON") from error
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    check_depth(content)
    return content


def json_round_trip(content: Mapping) -> dict:
    """The content as it comes back from a JSON file (tuples as lists, keys as text)."""
    return json.loads(json.dumps(content))


def check_depth(content: object) -> None:
    """Raises ValueError if lists and dicts are nested more deeply than DEEPEST."""
    level = [content]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")
