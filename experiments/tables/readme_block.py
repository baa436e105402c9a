"""Tables in a README: a block between two lines, written by one program and checked by its tests."""

import pathlib
from collections.abc import Sequence

from vpn_anomaly.errors import UserError


def markers(name: str, program: str) -> tuple[str, str]:
    """The lines before and after a block; the first says which program writes it."""
    return (f"<!-- {name}: begin (python -m {program}) -->", f"<!-- {name}: end -->")


def with_block(text: str, lines: tuple[str, str], block: str, path: pathlib.Path) -> str:
    """The text with the block between the two lines, in place of what is there.

    Raises:
      UserError: the two lines are not there, each once and in order.
    """
    in_text, (begin, end) = text.split("\n"), lines
    places = [
        [number for number, line in enumerate(in_text) if line.strip() == marker] for marker in (begin, end)
    ]
    if [len(found) for found in places] != [1, 1] or places[0] > places[1]:
        raise UserError(
            f"{path} needs two lines, each once and in this order: {begin} and {end}; "
            "put them where the tables belong"
        )
    (first,), (last,) = places
    return "\n".join([*in_text[: first + 1], *block.split("\n"), *in_text[last:]])


def read_readme(path: pathlib.Path) -> str:
    """The text of the file. UserError where it cannot be read."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UserError(f"{path} cannot be read: {reason.lower()}; give --readme=FILE") from error


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
