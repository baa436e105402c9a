"""The benchmark's command: what it stores, and what it refuses."""

import itertools
import json
import time

import pytest

from experiments import bench


def test_rows_are_medians_and_ratios_to_ours(monkeypatch):
    clock = itertools.accumulate(itertools.cycle([0, 2, 0, 6, 0, 2, 0, 6, 0, 200, 0, 600]))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    rows = bench.measure({"ours": lambda: 0, "naive_flax": lambda: 0}, rounds=3)
    assert rows == [
        {"name": "ours", "median_s": 2, "ratio": 1},
        {"name": "naive_flax", "median_s": 6, "ratio": 3},
    ]


def test_programs_take_turns():
    order = []
    bench.measure({"ours": lambda: order.append("o"), "naive_flax": lambda: order.append("n")}, 2)
    assert "".join(order) == "on" * 3


def test_the_rows_are_stored(monkeypatch, tmp_path, capsys):
    programs = {"ours": lambda: 0, "naive_flax": lambda: 0}
    monkeypatch.setitem(bench.SUITES, "step", bench.Suite(lambda: programs, 2))
    assert bench.main(["--suite=step", f"--output={tmp_path / 'rows.json'}"]) == 0
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["name"] for row in rows] == ["ours", "naive_flax"]
    assert set(rows[0]) == {"name", "median_s", "ratio"} and rows[0]["ratio"] == 1
    assert "naive_flax" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--suite=fast"], "'step'"),
        ([], "--suite"),
    ],
)
def test_what_cannot_run_is_told_in_one_line(arguments, told, capsys):
    with pytest.raises(SystemExit) as stopped:
        bench.main(arguments)
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and told in error and error.count("\n") == 1


def test_an_output_that_cannot_be_written_is_refused_before_the_work(capsys):
    assert bench.main(["--suite=step", "--output=/nowhere/rows.json"]) == 2
    error = capsys.readouterr().err
    assert "/nowhere/rows.json" in error and error.count("\n") == 1
