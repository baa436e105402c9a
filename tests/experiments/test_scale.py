"""The page on scale: its tables follow from the measurements, by hand."""

import json

import pytest

from experiments import scale


def rows(size, frames_per_second, each, resident):
    """Rows of 1 and 16 streams."""
    found = []
    for streams, memory in zip((1, 16), resident):
        at = f"{streams}x{size[0]}x{size[1]}"
        for kind, pace, held in (
            ("ours", frames_per_second, memory),
            ("process_each", each, 5e8 * streams),
        ):
            row = {"name": f"{kind}@{at}", "size": list(size), "streams": streams}
            found.append({**row, "frames_per_second": pace, "resident_bytes": held})
    return found


ROWS = [*rows((64, 64), 110.0, 100.0, (6e8, 9e8)), *rows((240, 360), 18.0, 20.0, (8e8, 23e8))]


def test_machines_by_hand():
    small, large = scale.machines(ROWS)
    assert (small.frames_per_second, large.frames_per_second) == (110, 20)  # the better of the two ways
    assert (small.cameras(25), small.cameras(5)) == (4, 22)
    assert (small.machines(10_000, 25), small.machines(10_000, 5)) == (2_500, 455)
    assert large.cameras(25) == 0 and large.machines(10_000, 25) == 12_500  # each does 0.8 of a camera
    assert small.memory(4) == pytest.approx(6e8 + 3 * 2e7) and large.stream == pytest.approx(1e8)
    assert large.memory(3) == 1.5e9  # a process each is faster there
    assert small.process == large.process == 5e8
    assert large.archive_hours(1_000_000, 25) == 1_250_000
    text = scale.block(ROWS)
    assert "| 64×64 | 25 | 4 | 2,500 | 5,000 | 0.7 |" in text
    assert "| 240×360 | 25 | 0.80 | 12,500 | 25,000 | 0.5 |" in text
    assert "| 240×360 | 5 | 4.00 | 250,000 | 348 |" in text  # 250,000 / 720 is 347.2


def test_the_page_is_written_and_checked(tmp_path, capsys):
    page, results = tmp_path / "scale.md", tmp_path / "rows.json"
    begin, end = "<!-- scale: begin (python -m experiments.scale) -->", "<!-- scale: end -->"
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    flags = [f"--cameras={results}", f"--page={page}", f"--long={tmp_path}/none.json"]
    assert scale.main(flags) == 2 and "--suite=cameras" in capsys.readouterr().err
    results.write_text(json.dumps({"rows": ROWS}))
    assert scale.main([*flags, "--check"]) == 1 and "old" in page.read_text()
    assert scale.main(flags) == 0 and scale.main([*flags, "--check"]) == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and scale.block(ROWS) in text


def test_a_long_watch_is_told_where_there_was_one():
    record = {
        "streams": 2,
        "size": [64, 64],
        "rate": 25.0,
        "seconds": 600.0,
        "frames_per_second": {"came": 50.0, "watched": 40.0},
        "frames_dropped": {"a": 2900, "b": 3100},
        "reconnections": 0,
        "resident": [[0.0, 1 << 20], [300.0, 700 << 20], [600.0, 701 << 20]],
    }
    (line, *_) = scale.block(ROWS, record).splitlines()
    assert "2 cameras of 64×64 at 25 frames per second, for 10.0 minutes" in line
    assert "50.0 frames per second came, 40.0 were watched; dropped by camera: 2,900 to 3,100" in line
    assert "memory 700 MB after half of the time, 701 MB at the end" in line


def test_the_page_shows_the_stored_measurements():
    assert scale.main(["--check"]) == 0
