"""The command that writes a sweep's tables: what it changes, what it checks, what it refuses."""

import pytest

from experiments import table
from tests.experiments.tables.conftest import DEFINITION

ONE_SEED = """
CONFIG, RUNS, SEEDS = "configs/quick.py", {"ours": {}, "context_3": {}}, (0,)
STORED_SCORES = ("mean_nll",)
"""


def told(capsys, *parts):
    """Asserts that one line was told, with these parts."""
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(part in error for part in parts), error


def test_only_the_block_changes_and_a_second_run_changes_nothing(sweep):
    assert sweep() == 0
    first = sweep.page.read_bytes()
    begin, end = (marker.encode() for marker in table.markers("small"))
    assert first.startswith(b"before\n" + begin + b"\nAccuracy") and first.endswith(end + b"\nafter\n")
    assert sweep() == 0 and sweep.page.read_bytes() == first
    assert sweep.figure.read_bytes() == b"a figure"


def test_check_sees_a_changed_number_and_writes_nothing(sweep, capsys):
    assert sweep("--check") == 1 and not sweep.figure.exists()
    outdated = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in outdated] == [str(sweep.page), str(sweep.readme)]
    assert sweep() == 0 and sweep("--check") == 0
    text = sweep.page.read_text()
    changed = text.replace("50.0 [50.0, 50.0]", "50.1 [50.0, 50.0]", 1)
    sweep.page.write_text(changed)
    assert sweep("--check") == 1 and sweep.page.read_text() == changed
    sweep.page.write_text(text.replace("after\n", "something else\n"))
    assert sweep("--check") == 0


def test_the_head_stands_in_the_readme_and_is_checked(sweep):
    assert sweep() == 0
    (head,), table_of_all = sweep.rows(sweep.readme), sweep.rows()[0]
    assert list(head) == ["", "---", "ours (full)", "constant"]  # in the table's order
    for label, cells in head.items():
        assert cells == [cell.split(" ")[0] for cell in table_of_all[label]]
    text = sweep.readme.read_text()
    assert text.startswith("first\n") and text.endswith("last\n")
    sweep.readme.write_text(text.replace("87.0", "87.1"))
    assert sweep("--check") == 1
    sweep.definition.write_text(DEFINITION.replace('HEAD = ("constant", "ours")', ""))
    assert sweep("--check") == 0  # without a head no README is read


def test_check_sees_changed_results(sweep, write_run):
    assert sweep() == 0 and sweep("--check") == 0
    write_run(sweep.runs, "ours", 1, {"mean_nll": 1.0, "tail_mean": 3.4})
    assert sweep("--check") == 1


def test_rows_without_results_are_not_measured(sweep, capsys):
    for place in (sweep.runs / "ours").iterdir():
        place.unlink()
    assert sweep() == 0
    assert "not measured: ours\n" in capsys.readouterr().out
    tables = sweep.rows()
    assert tables[0]["ours (full)"] == ["**87.0**", "not measured", "", "", ""]
    assert len(tables) == 2 and "ours (full)" not in tables[1]  # no declared scores, nothing to compare


def test_rows_that_lack_seeds_are_named(sweep, capsys):
    for seed in (0, 2):
        (sweep.runs / "ours" / f"seed{seed}.json").unlink()
    assert sweep() == 2 and "small: begin" in sweep.page.read_text()
    told(capsys, "ours seed 0, 2", "--partial")
    assert sweep("--partial") == 0
    cells = sweep.rows()[0]["ours (full) (seed 1 alone)"]
    assert "±" not in cells[1]


def test_one_seed_without_paper(new_sweep, write_run):
    sweep = new_sweep(ONE_SEED)
    write_run(sweep.runs, "ours", 0, {"mean_nll": 2})
    write_run(sweep.runs, "context_3", 0, {"mean_nll": 1})
    assert sweep() == 0 and sweep("--check") == 0
    tables = sweep.rows()
    assert tables[0][""] == ["both", "temporal", "spatial", "mixed"]
    assert list(tables[0])[2:] == ["ours", "context 3"] == list(tables[1])[2:] and len(tables) == 2
    assert "±" not in sweep.page.read_text()


@pytest.mark.parametrize(
    "lines", [(), ("begin",), ("end",), ("end", "begin"), ("begin", "end", "begin", "end")]
)
def test_markers_are_needed_once_and_in_order(sweep, lines, capsys):
    begin, end = table.markers("small")
    text = "\n".join({"begin": begin, "end": end}[line] for line in lines)
    sweep.page.write_text(text)
    assert sweep() == 2 and sweep.page.read_text() == text and not sweep.figure.exists()
    told(capsys, begin, end)


@pytest.mark.parametrize(
    "changes, parts",
    [
        (("PAPER = {", 'PAPER = {"vpn": 82.1, '), ("'vpn'", "PAPER", "RUNS")),
        (('"frame_error"}', '"frame_eror"}'), ("'frame_eror'", "STORED_SCORES")),
        (('"both":', '"all":'), ("'all'", "DECLARED", "temporal")),
        (('REFERENCE = "ours"', 'REFERENCE = "theirs"'), ("'theirs'", "REFERENCE")),
        (('BASELINES = ("constant",)', 'BASELINES = "constant"'), ("BASELINES", "tuple")),
        (('{"ours": "ours (full)"}', '"ours"'), ("LABELS", "dict")),
        (('HEAD = ("constant", "ours")', 'HEAD = "ours"'), ("HEAD", "tuple")),
        (('HEAD = ("constant", "ours")', 'HEAD = ("our",)'), ("HEAD", "'our'", "BASELINES")),
        (('PAPER_SCORE = {"autoencoder": "frame_error"}', ""), ("seed0.npz", "mean_nll", "autoencoder")),
    ],
)
def test_a_definition_that_does_not_fit_is_told(sweep, changes, parts, capsys):
    sweep.definition.write_text(sweep.definition.read_text().replace(*changes))
    assert sweep() == 2
    told(capsys, *parts)


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (("--page=/nowhere/small.md",), ("/nowhere/small.md",)),
        (("--readme=/nowhere/README.md",), ("/nowhere/README.md",)),
        (("--figure=/nowhere/a.png",), ("/nowhere/a.png",)),
        (("--results=/nowhere",), ("no run of small is finished",)),
        (("--sweep=/nowhere/a.py",), ("/nowhere/a.py",)),
    ],
)
def test_files_that_cannot_be_used_are_told(sweep, arguments, parts, capsys):
    before = sweep.page.read_bytes()
    assert sweep(*arguments) == 2 and sweep.page.read_bytes() == before
    told(capsys, *parts)


def test_wrong_arguments_are_told_in_one_line(capsys):
    for arguments in (["--figure=a.pdf"], ["--nonsense"]):
        with pytest.raises(SystemExit) as stopped:
            table.main(arguments)
        assert stopped.value.code == 2
        told(capsys, arguments[0])
