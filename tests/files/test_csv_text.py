"""Text in CSV, as a spreadsheet and as this package read it."""

import csv
import io

import pytest

from vpn_anomaly.files.csv_text import csv_line, escape_formula, read_rows, unescape_formula

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\tx",
    "\rx",
    "  =1",
    "\xa0=1",
    "\u3000=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\ufeff=1",
    "\x00=1",
    "\x1b=1",
    "'=1",
    "''+1",
    "' =1",
]
PLAIN = ["film.mkv", "a=b.mkv", "a-b", "'film'", "rtsp://***@h/1", "", "'", " x", "1", "Überwachung"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_guarded(text):
    assert escape_formula(text) == "'" + text and unescape_formula(escape_formula(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays(text):
    assert escape_formula(text) == text == unescape_formula(text)


def test_lines_are_read_as_they_were_written():
    texts = [*FORMULAS, *PLAIN, 'a";=1', "a;=1", "a\t=1", "x,=1", "x\n=1"]
    lines = csv_line(["name", "score", "none"]) + "".join(csv_line([text, -0.5, None]) for text in texts)
    rows = list(read_rows(io.StringIO(lines, newline="")))
    assert rows == [{"name": text, "score": "-0.5", "none": ""} for text in texts]


def test_numbers_are_no_text_and_none_is_empty():
    assert csv_line(["film", 3, -0.25, 1e-30, None]) == "film,3,-0.25,1e-30,\n"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_begins_with_a_formula_by_any_separator(separator):
    for text in [*FORMULAS, "a;=1", "a\t+1", "a,@x", 'a";=1', 'a"\t=1', 'a",=1']:
        line = csv_line([text, -1])
        if separator == ",":
            assert next(csv.reader(io.StringIO(line, newline="")))[0] == escape_formula(text)
        else:
            rows = list(csv.reader(io.StringIO(line, newline=""), delimiter=separator))
            assert not any(cell.strip().startswith(("=", "+", "@")) for row in rows for cell in row)
