"""Text from outside (file names, addresses, file contents) as one line that is safe for a terminal.

A control character can move the terminal's cursor, and a line break can forge a line of output.
"""

import re

# Control characters (C0, DEL, C1), line and paragraph separators, characters that are invisible or
# change the writing direction, and undecodable bytes of a file name (surrogates). Joiners are kept:
# some scripts and emoji need them.
_NOT_PLAIN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def printable_line(text: str) -> str:
    """The text on one line, with such characters escaped as in Python: \\n, \\x1b, \\u202e."""
    return _NOT_PLAIN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
