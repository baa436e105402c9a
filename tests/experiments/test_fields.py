"""The page of all fields: that it is what there is, and says what --help says."""

import pathlib
import re

from experiments import fields
from vpn_anomaly import usage

ROOT = pathlib.Path(__file__).parents[2]


def test_the_page_shows_all_fields(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert fields.main(["--check"]) == 0


def test_the_page_says_what_help_says():
    """Each line of --help, read back, is a row: name, default, meaning, and what is allowed where that is said."""
    rows = [line.strip("| ").split(" | ") for line in fields.block().splitlines() if line.startswith("| `")]
    lines = usage.help_text().split("and allowed values:\n")[1].strip().splitlines()
    assert len(rows) == len(lines) > 100
    for (name, default, meaning, allowed), line in zip(rows, lines):
        default = "" if default == "empty" else default.strip("`")
        said = re.fullmatch(rf"\s*{re.escape(name.strip('`'))}={re.escape(default)} +(.*?)( \[.*\])?", line)
        assert said and said[1] == meaning, line
        assert said[2] is None or allowed.endswith(said[2].strip(" []")), line


def test_check_sees_a_missing_field(tmp_path, capsys):
    page = tmp_path / "fields.md"
    page.write_text("\n".join(["before", *fields.markers(), "after", ""]))
    assert fields.main([f"--page={page}", "--check"]) == 1 and str(page) in capsys.readouterr().err
    assert fields.main([f"--page={page}"]) == 0 and fields.main([f"--page={page}", "--check"]) == 0
    page.write_text(page.read_text().replace("`train.steps`", "`train.stops`"))
    assert fields.main([f"--page={page}", "--check"]) == 1
