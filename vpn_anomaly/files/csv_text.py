"""CSV that a spreadsheet may open: text in it is no formula.

A spreadsheet takes a cell that begins with = + - @, a tab or a line break for a formula, and would
run it. As OWASP advises, such text has ' before it, and text with another program's separators is in
quotes: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import TextIO

# What is blank before the sign counts, and so do the signs' wide forms. A ' of the text's own
# counts too, so that taking one away gives the text back.
_FORMULA = re.compile(
    "'*(?:[\t\r\n]|[\\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]*[=+@\uff1d\uff0b\uff0d\uff20-])"
)
_OTHER_SEPARATORS = re.compile("[;\t\r\n]")


def csv_line(values: Sequence[object]) -> str:
    """One line, which ends in "\\n". Numbers stay as they are; None is empty."""
    texts = [value for value in values if isinstance(value, str)]
    quoting = csv.QUOTE_NONNUMERIC if any(map(_OTHER_SEPARATORS.search, texts)) else csv.QUOTE_MINIMAL
    line = io.StringIO()
    csv.writer(line, lineterminator="\n", quoting=quoting).writerow(
        [escape_formula(value) if isinstance(value, str) else value for value in values]
    )
    return line.getvalue()


def read_rows(file: TextIO) -> Iterator[dict[str, str]]:
    """The rows of a file that was opened with newline="", by the names in its first line."""
    for row in csv.DictReader(file):
        yield {name: unescape_formula(text) if isinstance(text, str) else text for name, text in row.items()}


def escape_formula(text: str) -> str:
    """The text with ' before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
