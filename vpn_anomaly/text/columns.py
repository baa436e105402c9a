"""Tables of text in columns."""

from collections.abc import Sequence


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as columns: names to the left, numbers to the right, a rule below the first line."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    rows = [
        "  ".join(
            [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        )
        for line in lines
    ]
    return "\n".join([rows[0], "-" * len(rows[0]), *rows[1:]])
