"""CSV that is safe to open in a spreadsheet: no text in it is run as a formula.

A spreadsheet runs a cell that begins with = + - @, a tab or a line break as a formula. As OWASP
advises, such text is prefixed with ', and text that contains another program's separators is quoted:
https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import TextIO

# Blanks before the sign and full-width forms of the signs count too. So does a leading ' of the text
# itself, so that removing one ' restores the text.
_FORMULA = re.compile(
    "'*(?:[\t\r\n]|[\\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]*[=+@\uff1d\uff0b\uff0d\uff20-])"
)
_OTHER_SEPARATORS = re.compile("[;\t\r\n]")


def csv_line(values: Sequence[object]) -> str:
    """One line, ending in "\\n". Numbers are written unmodified, None as an empty cell."""
    texts = [value for value in values if isinstance(value, str)]
    cells = [escape_formula(value) if isinstance(value, str) else value for value in values]
    line = io.StringIO()
    if any(map(_OTHER_SEPARATORS.search, texts)):
        csv.writer(line, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerow(cells)
    else:
        csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def read_rows(file: TextIO) -> Iterator[dict[str, str]]:
    """The rows of a file opened with newline="", each a dict keyed by the names in the header line."""
    for row in csv.DictReader(file):
        yield {name: unescape_formula(text) if isinstance(text, str) else text for name, text in row.items()}


def escape_formula(text: str) -> str:
    """The text, prefixed with ' if a spreadsheet would run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The inverse of `escape_formula`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
