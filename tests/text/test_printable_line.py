"""Words from outside on a terminal."""

import unicodedata

import pytest

from vpn_anomaly.text.printable_line import printable_line

TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # the direction of writing


def test_control_characters_are_written_out():
    assert printable_line("a\nerror: b\r\t\x1b[2J\x00\x7f\x9b") == r"a\nerror: b\r\t\x1b[2J\x00\x7f\x9b"
    assert printable_line("\u202egpj.exe\u2028\u2066\ufeff\udcff") == r"\u202egpj.exe\u2028\u2066\ufeff\udcff"


@pytest.mark.parametrize(
    "text", ["Überwachung №1", "カメラ　1", "فیلم\u200cها", "👩\u200d🔧.mp4", "10\u202f30\xa0h", "\\n"]
)
def test_letters_stay(text):
    assert printable_line(text) == text


def test_no_character_moves_the_cursor_or_turns_the_line():
    every = map(chr, range(0x110000))
    harmful = [
        letter
        for letter in every
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(letter) in TURNING
    ]
    shown = printable_line("".join(harmful))
    assert len(harmful) > 2000 and shown.isascii() and shown.isprintable()
