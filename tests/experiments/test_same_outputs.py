"""The comparison of two checkouts: what is run, what counts as equal, what is said of a difference."""

import json
import pathlib

import numpy as np
import pytest

from experiments import same_outputs
from experiments.output_comparison import inputs
from experiments.output_comparison.cases import CASES
from experiments.output_comparison.comparison import compared_files, difference
from vpn_anomaly import command_line

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENT = {"event": 0, "p": 0.25, "box": [1, 2, 3, 4]}
RESULTS = {"config": {"seed": 0}, "steps": 3, "wall_seconds": 1.5, "commit": "a"}
PAGE = '<style>p {{}}</style><td>Evaluated</td><td>{}</td><p>Sum <img src="data:{}" alt="Maps"></p>'

# A package that stands in for the real one: it writes its text, and counts its runs.
FAKE_MAIN = """
import pathlib, sys
flags = dict(flag.removeprefix("--").split("=") for flag in sys.argv[1:])
if flags["output"] == {refused!r}:
    sys.exit("no")
pathlib.Path(flags["output"]).write_text({text!r} + pathlib.Path(flags["input"]).read_text())
with open(pathlib.Path(__file__).with_name("runs"), "a") as file:
    file.write("x")
"""


def checkout(folder, text="1,2\n", refused=""):
    (folder / "vpn_anomaly").mkdir(parents=True)
    (folder / "vpn_anomaly/__init__.py").touch()
    (folder / "vpn_anomaly/main.py").write_text(FAKE_MAIN.format(text=text, refused=refused))
    return folder


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Compares a fake checkout with another; returns the exit code."""
    case = [("--input={inputs}/a.txt", "--output=a.csv"), ("--input={inputs}/a.txt", "--output=b.csv")]
    monkeypatch.setattr(same_outputs, "CASES", {"one": case})
    (tmp_path / "out/inputs").mkdir(parents=True)
    (tmp_path / "out/inputs/a.txt").write_text("3,4\n")

    def run(reference, here, *more):
        monkeypatch.setattr(same_outputs, "HERE", here)
        return same_outputs.main([f"--reference={reference}", f"--output={tmp_path / 'out'}", *more])

    return run


@pytest.mark.slow
def test_the_reference_is_run_once(tmp_path, compare, capsys):
    reference, here = checkout(tmp_path / "reference"), checkout(tmp_path / "here")
    assert [compare(reference, here) for _ in range(2)] == [0, 0]
    assert "one/a.csv: equal\none/b.csv: equal\nall 1 cases are equal\n" in capsys.readouterr().out
    runs = [(folder / "vpn_anomaly/runs").read_text() for folder in (reference, here)]
    assert runs == ["xx", "xxxx"]  # two commands each time
    assert (tmp_path / "out/here/one/b.csv").read_text() == "1,2\n3,4\n"


@pytest.mark.slow
def test_a_difference_is_told(tmp_path, compare, capsys):
    reference = checkout(tmp_path / "reference")
    assert compare(reference, checkout(tmp_path / "here", text="1,5\n")) == 1
    out = capsys.readouterr().out
    assert "one/a.csv: differs, line 1: b'1,2\\n' and b'1,5\\n'" in out and "differing cases: one" in out
    assert compare(reference, checkout(tmp_path / "fails", refused="b.csv")) == 1
    assert "one: differs, a command ended with exit code 1" in capsys.readouterr().out


def test_what_cannot_be_compared_is_one_line(tmp_path, compare, capsys):
    here = checkout(tmp_path / "here")
    assert compare(tmp_path, here, "--only=one,two") == 2
    assert "there is no case 'two'; the cases are: one" in capsys.readouterr().err
    assert compare(tmp_path, here) == 2
    assert f"{tmp_path} is no checkout" in capsys.readouterr().err


def lines(*records):
    return "\n".join(map(json.dumps, records)) + "\n"


def both(tmp_path, name, before, now):
    """What differs between two files of a name that have these contents."""
    for side, content in (("reference", before), ("here", now)):
        path = tmp_path / side / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        elif content is not None:
            path.write_text(content)
    return difference(name, tmp_path / "reference", tmp_path / "here")


@pytest.mark.parametrize(
    "name, before, now",
    [
        ("results.json", lines(RESULTS), lines(RESULTS | {"wall_seconds": 2.5, "commit": None})),
        ("train.jsonl", lines({"loss": 0.5, "seconds": 1}), lines({"loss": 0.5, "seconds": 2})),
        ("report.html", PAGE.format("today", "x"), PAGE.format("tomorrow", "x")),
        ("report.html", '<img src="a" alt="Training">', '<img src="b" alt="Training">'),
        ("watch.mkv", "one encoding", "another"),
    ],
)
def test_times_and_machines_do_not_count(tmp_path, name, before, now):
    assert both(tmp_path, name, before, now) is None


@pytest.mark.parametrize(
    "name, before, now, said",
    [
        ("a.csv", "1\n2\n", "1\n2", "line 2: b'2\\n' and b'2'"),
        ("a.csv", "1\n", "1\n2\n", "line 2: nothing and b'2\\n'"),
        ("a.csv", "1\n", None, "not here"),
        ("a.csv", None, "1\n", "not in the reference"),
        ("results.json", lines(RESULTS), lines(RESULTS | {"config": {"seed": 1}}), "config.seed: 0 and 1"),
        ("results.json", lines(RESULTS), lines(RESULTS | {"steps": 3.0}), "steps: 3 and 3.0"),
        ("a.json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', "fields in the order"),
        ("train.jsonl", lines({"loss": 0.5}), lines({"loss": 0.25}), "line 1: loss: 0.5 and 0.25"),
        ("e.jsonl", lines(EVENT), lines(EVENT | {"p": 0.5}), "line 1: p: 0.25 and 0.5"),
        ("e.jsonl", lines(EVENT), lines(EVENT, EVENT), "line 2: event: nothing and 0"),
        (
            "e.jsonl",
            lines(EVENT, EVENT),
            lines(EVENT | {"box": None}, EVENT | {"box": [1]}),
            "nothing but 2 boxes: line 1: [1, 2, 3, 4] and None; line 2: [1, 2, 3, 4] and [1]",
        ),
        ("report.html", PAGE.format("today", "x"), PAGE.format("today", "y"), "data:x' and 'data:y'"),
        ("watch.mkv", "frames", "", "6 and 0 bytes"),
    ],
)
def test_what_differs_is_said(tmp_path, name, before, now, said):
    assert said in both(tmp_path, name, before, now)


@pytest.mark.parametrize(
    "now, said",
    [
        ({"a": np.float32([1, 2]), "b": np.int64([3])}, None),
        ({"b": np.int64([3]), "a": np.float32([1, 2])}, "arrays ['a.npy', 'b.npy'] and ['b.npy', 'a.npy']"),
        ({"a": np.float64([1, 2]), "b": np.int64([3])}, "a.npy: float32 (2,) and float64 (2,)"),
        (
            {"a": np.float32([1, 3]), "b": np.int64([3])},
            "a.npy[1]: np.float32(2.0) and np.float32(3.0) (1 of 2",
        ),
    ],
)
def test_arrays_are_equal_to_the_byte(tmp_path, now, said):
    before = {"a": np.float32([1, 2]), "b": np.int64([3])}
    found = both(
        tmp_path,
        "a.npz",
        lambda path: np.savez(path, **before),
        lambda path: np.savez_compressed(path, **now),
    )
    assert found is None if said is None else said in found


def test_a_zero_of_another_sign_is_another_value(tmp_path):
    found = both(
        tmp_path, "a.npz", *(lambda path, a=a: np.savez(path, a=np.float32([a])) for a in (0.0, -0.0))
    )
    assert found == "a.npy: equal values of other bytes"


def test_which_files_are_compared(tmp_path):
    kept = ["run/results.json", "run/checkpoints/calibration.npz", "run/figures/maps.png", "events.jsonl"]
    left = [
        ".cache/a.csv",
        "commands.log",
        "run/checkpoints/4/a.json",
        "run/events/a.csv",
        "run/figures/training.png",
    ]
    for name in kept + left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert compared_files(tmp_path) == set(kept)


def test_inputs_are_the_same_wherever_they_are_made(tmp_path):
    for name in ("a", "b"):
        inputs.make_inputs(tmp_path / name)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) > 750  # images of the labelled set
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    normal = np.load(tmp_path / "a/normal.npy")
    assert normal.shape == (800, 64, 96) and normal.dtype == np.uint8
    for level in (220, 130):  # a square of 12×12 pixels, unless the other one lies on it
        assert np.median((normal == level).sum((1, 2))) == 144
    (tmp_path / "a/normal.npy").unlink()
    inputs.make_inputs(tmp_path / "a")  # what is there stays
    assert not (tmp_path / "a/normal.npy").exists()


def test_every_command_line_is_one_of_the_program(tmp_path):
    inputs.make_inputs(tmp_path / "inputs")
    for commands in CASES.values():
        for flags in commands:
            command_line.parse(
                [one.format(configs=ROOT / "configs", inputs=tmp_path / "inputs") for one in flags]
            )
