"""Names that would move a terminal's cursor, forge a line of ours, or be a spreadsheet's formula."""

import csv
import json
import os
import shutil

import numpy as np
import pytest

from experiments.watch_score import read_scores
from tests.data.video_files import cut, write_video
from tests.watching.conftest import footage
from vpn_anomaly.files import csv_text
from vpn_anomaly.main import main

NAMES = [
    "a\nerror: forged",
    "a\rwarning: forged",
    "\x1b[2J\x1b]0;x\x07",
    "\u202egpj",
    "a\x9b1A\x7f",
    "\u2028error: x",
    "\udcff",
]
FORMULAS = ["=cmd", "+1", "-1", "@x", "\t=1", " =1", "＝1"]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("film") / "film.mkv", footage(8))


def assert_plain(capsys, lines):
    """Both streams have nothing but printable lines, and stderr so many of errors and warnings."""
    out, err = capsys.readouterr()
    assert all(line.isprintable() for text in (out, err) for line in text.split("\n"))
    told = [line for line in err.splitlines() if line.startswith(("error:", "warning:"))]
    assert [line.partition(":")[0] for line in told] == lines
    (out + err).encode()


@pytest.mark.parametrize("name", NAMES)
def test_names_on_the_terminal(flags, film, tmp_path, capsys, name):
    broken = cut(film, 0.8, f"{name}.mkv")
    shutil.move(broken, tmp_path)
    source = str(tmp_path / f"{name}.mkv")
    assert (
        main(
            [
                *flags,
                f"--input={source}",
                f"--events={tmp_path}/e.jsonl",
                f"--scores={tmp_path}/s.jsonl",
                f"--report={tmp_path}/r.html",
            ]
        )
        == 0
    )
    assert_plain(capsys, [])
    rows = list(map(json.loads, (tmp_path / "s.jsonl").read_text().splitlines()))
    assert {row["source"] for row in rows} == {source}
    assert all(map(str.isprintable, (tmp_path / "r.html").read_text(encoding="utf-8").split("\n")))
    for debug in ([], ["--debug"]):
        assert main([*flags, f"--input={source}.mp4", *debug]) == 2
        assert_plain(capsys, ["error"])
    for wrong in (
        name,
        f"--mode={name}",
        f"--config.x{name}=1",
        f"--config.data.path={name}",
        f"--output={name}.csv",
    ):
        assert main([*flags[:1], wrong]) == 2
        assert_plain(capsys, ["error"])


@pytest.mark.parametrize("name", NAMES[:-1])  # Orbax reads no folder whose name is no text
def test_names_of_variables_and_folders(flags, tmp_path, capsys, name):
    with open(tmp_path / "x.npz", "wb") as file:
        np.savez(file, **{"b": np.zeros(1)}, **{name: np.zeros(1)})
    files = [f"--input={tmp_path}/x.npz", f"--output={tmp_path}/x.csv"]
    assert main(["--checkpoint=pretrained", "--mode=score", *files]) == 2
    assert_plain(capsys, ["error"])
    run = tmp_path / name
    shutil.copytree(flags[1].partition("=")[2], run)
    (run / "checkpoints" / "watch_calibration.npz").write_bytes(b"damaged")
    assert main([flags[0], f"--workdir={run}", "--mode=watch", f"--input={tmp_path}/nothing.mp4"]) == 2
    assert_plain(capsys, ["error"])
    assert main([flags[0], f"--workdir={run}", "--mode=watch", f"--input={_film(tmp_path)}"]) == 0
    assert_plain(capsys, ["warning"])


def _film(folder):
    return write_video(folder / "film.mkv", footage(8))


def test_sources_are_no_formulas(flags, film, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [f"{formula}.mkv" for formula in FORMULAS]
    for name in names:
        os.link(film, name)
    assert main([*flags, "--input=*.mkv", "--scores=s.csv"]) == 0
    with open("s.csv", encoding="utf-8", newline="") as file:
        raw = list(csv.DictReader(file))
    assert {row["source"] for row in raw} == {f"'{name}" for name in names}
    with open("s.csv", encoding="utf-8", newline="") as file:
        rows = list(csv_text.read_rows(file))
    assert {row["source"] for row in rows} == set(names)
    assert [row["tail_mean"] for row in rows] == [row["tail_mean"] for row in raw]
    assert not any("'" in cell for row in raw for name, cell in row.items() if name != "source")
    monkeypatch.undo()
    assert np.isfinite(read_scores(tmp_path / "s.csv", 8)["tail_mean"]).any()
