"""What is expected of the configs: the tables against the results, and that the pages show what is stored."""

import json
import pathlib
import re

import pytest

from experiments import expected

ROOT = pathlib.Path(__file__).parents[2]
SCORES = ("mean_nll", "tail_mean", "missing_z", "erased_z", "any", "any_with_residual", expected.RESIDUAL)


@pytest.fixture
def folder(tmp_path):
    """Results that count up, so that every figure is another one; and the three pages."""
    for offset, config in enumerate(expected.CONFIGS):
        value, corruptions = iter(range(100)), {}
        for kind in ("temporal", "spatial", "both", "mixed"):
            corruptions[kind] = {}
            for score in SCORES:
                accuracy = (next(value) + 100 * offset) / 1000
                corruptions[kind][score] = {
                    "break_even_accuracy": accuracy,
                    "ci95": {"break_even_accuracy": [accuracy, accuracy + 0.5]},
                }
        results = {"corruptions": corruptions, "config": {"evaluate": {"sequences": 1000 * (offset + 1)}}}
        (tmp_path / f"{config}.json").write_text(json.dumps(results))
    (tmp_path / "docs").mkdir()
    for page, name in (
        ("README.md", "expected"),
        ("docs/first_steps.md", "expected"),
        ("WORKSPACE.md", "results"),
    ):
        (tmp_path / page).write_text("\n".join(["before", *expected.markers(name), "after", ""]))
    return tmp_path


def run(folder, *more):
    return expected.main([f"--results={folder}", f"--folder={folder}", *more])


def test_tables_show_the_results_of_both_configs(folder):
    assert run(folder, "--check") == 1 and run(folder) == 0 and run(folder, "--check") == 0
    short, full = (folder / "README.md").read_text(), (folder / "WORKSPACE.md").read_text()
    assert (folder / "docs/first_steps.md").read_text() == short
    assert "| `configs/quick.py`, 1,000 + 1,000 | `configs/cpu.py`, 2,000 + 2,000 |" in short
    # Scores are numbered within 7 of each corruption: temporal 0, spatial 7, both 14, mixed 21.
    assert "`missing_z`, `erased_z` | 0.009, 0.010 | 0.109, 0.110 |" in short
    assert "`spatial`, `mixed` | 0.013, 0.027 | 0.113, 0.127 |" in short
    assert "| spatial, `any` | 0.011 [0.011, 0.511] | 0.111 [0.111, 0.611] |" in full
    assert "| mixed, the residual without learning | 0.027 [0.027, 0.527] |" in full


@pytest.mark.parametrize("page", ["README.md", "docs/first_steps.md", "WORKSPACE.md"])
def test_check_sees_a_changed_figure_on_each_page(folder, page, capsys):
    run(folder)
    path = folder / page
    path.write_text(re.sub(r"0\.127|0\.027", "0.999", path.read_text(), count=1))
    assert run(folder, "--check") == 1
    assert str(path) in capsys.readouterr().err


def test_results_that_are_not_there_end_with_a_line(folder, capsys):
    (folder / "cpu.json").unlink()
    assert run(folder) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "configs/cpu.py" in error


def test_the_pages_show_the_stored_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert expected.main(["--check"]) == 0
