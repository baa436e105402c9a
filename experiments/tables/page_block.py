"""Generated tables in a page: a block between two marker lines, written by a program and checked by tests."""

import dataclasses
import pathlib
import sys
import textwrap
from collections.abc import Sequence

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files

LINE = 110  # characters


def markers(name: str, program: str) -> tuple[str, str]:
    """The marker lines before and after a block; the first names the program that writes the block."""
    return (f"<!-- {name}: begin (python -m {program}) -->", f"<!-- {name}: end -->")


@dataclasses.dataclass(frozen=True)
class Update:
    """The text of a page before and after its block is replaced."""

    path: pathlib.Path
    before: str
    after: str

    def check(self, outdated: str) -> int:
        """The exit code of --check: 1 if the block is outdated, which the message `outdated` says."""
        if self.after == self.before:
            return 0
        print(f"{self.path}: {outdated}; run the same command without --check", file=sys.stderr)
        return 1

    def write(self) -> None:
        output_files.write_atomically(self.path, lambda file: file.write(self.after.encode()))


def settle(updates: Sequence[Update], check: bool, outdated: str, told: str) -> int:
    """Writes the blocks, and prints `told`; or, with --check, says which are `outdated`. Returns the exit code.

    UserError, before anything is written, for a page that cannot be.
    """
    if check:
        return max([one.check(outdated) for one in updates])
    for one in updates:
        output_files.check_output(one.path)
    for one in updates:
        one.write()
    print(told)
    return 0


def update(path: pathlib.Path, lines: tuple[str, str], block: str) -> Update:
    """The replacement of everything between the two marker lines by the block; nothing is written yet.

    Raises:
      UserError: the file cannot be read, or does not contain each marker line once and in order.
    """
    before = _read(path)
    return Update(path, before, _with_block(before, lines, block, path))


def _with_block(text: str, lines: tuple[str, str], block: str, path: pathlib.Path) -> str:
    text_lines, (begin, end) = text.split("\n"), lines
    positions = [
        [number for number, line in enumerate(text_lines) if line.strip() == marker]
        for marker in (begin, end)
    ]
    if [len(found) for found in positions] != [1, 1] or positions[0] > positions[1]:
        raise UserError(
            f"{path} needs two lines, each once and in this order: {begin} and {end}; "
            "put them where the tables belong"
        )
    (first,), (last,) = positions
    return "\n".join([*text_lines[: first + 1], *block.split("\n"), *text_lines[last:]])


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UserError(f"{path} cannot be read: {reason.lower()}; give another file") from error


def paragraph(text: str) -> str:
    """The text in lines of LINE characters."""
    return textwrap.fill(text, LINE, break_long_words=False, break_on_hyphens=False)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of a header and rows of cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
