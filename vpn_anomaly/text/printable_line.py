"""Words from outside (names of files, addresses, what files hold) on one line of a terminal.

A control character moves a terminal's cursor, and a line break forges a line of its own.
"""

import re

# Control characters (C0, DEL, C1), line and paragraph separators, what turns the direction of
# writing or cannot be seen, and bytes of a file name that are no text (surrogates). Joiners stay:
# names in some scripts, and emoji, need them.
_NOT_PLAIN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def printable_line(text: str) -> str:
    """The text on one line, each such character as Python writes it: \\n, \\x1b, \\u202e."""
    return _NOT_PLAIN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
