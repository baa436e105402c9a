"""Results as a sweep stores them, made of random scores, and the command that makes tables of them."""

import json
import pathlib
import shutil

import numpy as np
import pytest

from experiments import table
from vpn_anomaly.evaluation.score_metrics import evaluate_scores

CORRUPTIONS = ("temporal", "spatial", "both", "mixed")
DEFINITION = """
CONFIG = "configs/quick.py"
RUNS = {"ours": {}, "without_attention": {}, "autoencoder": {}}
SEEDS = (0, 1, 2)
STORED_SCORES = ("mean_nll", "tail_mean", "frame_error", "constant")
PAPER = {"ours": 87.0, "without_attention": 85.7}
LABELS = {"ours": "ours (full)"}
PAPER_SCORE = {"autoencoder": "frame_error"}
DECLARED = {"both": "tail_mean", "spatial": "mean_nll"}
BASELINES = ("constant",)
REFERENCE = "ours"
HEAD = ("constant", "ours")
"""
ROWS = {
    "ours": {"mean_nll": 3.0, "tail_mean": 3.4},
    "without_attention": {"mean_nll": 2.6},
    "autoencoder": {"frame_error": 0.8},
}


def write_run(folder: pathlib.Path, row: str, seed: int, shifts: dict[str, float], **more):
    """Stores a finished run, returns its .json; corrupted scores lie higher by `shifts` (by score).

    The difficulty of a sequence is the same in all runs; `constant` is a score without learning.
    `count` is that of sequences, others in `more` are fields of the .json.
    """
    count, rng = more.pop("count", 60), np.random.default_rng([seed, *row.encode()])
    difficulty = np.random.default_rng(7).normal(size=(5, count))
    scores = {}
    for group, hard in zip(("normal", *CORRUPTIONS), difficulty):
        scores[group] = {
            name: (hard + 0.4 * rng.normal(size=count) + shift * (group != "normal")).astype(np.float32)
            for name, shift in shifts.items()
        }
        scores[group]["constant"] = np.zeros(count, np.float32)
    results = {
        "corruptions": {
            kind: evaluate_scores(scores["normal"], scores[kind], resamples=2) for kind in CORRUPTIONS
        },
        "steps": 400,
        "parameters": 424860,
        "step_flops": 1.5e12,
        "wall_seconds": 60.0 * (7 + seed),
        "config": {"train": {"batch_size": 8, "learning_rate": 3e-3}},
        "commit": "0123456789abcdef",
        "hardware": {"platform": "cpu", "device": "cpu", "devices": 1, "cpu": "Some CPU", "cpu_cores": 2},
        "name": row,
        "seed": seed,
        **more,
    }
    place = folder / row / f"seed{seed}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(results))
    arrays = {f"{group}/{name}": score for group in scores for name, score in scores[group].items()}
    np.savez(place.with_suffix(".npz"), **arrays)
    return place


@pytest.fixture(name="write_run", scope="session")
def write_run_fixture():
    return write_run


class Sweep:
    """A definition with its results, its page and its README, and the command over them."""

    def __init__(self, folder, text):
        self.results, self.figure = folder / "results", folder / "a.png"
        self.page, self.readme = folder / "small.md", folder / "README.md"
        self.definition = folder / "small.py"
        self.definition.write_text(text)
        self.runs = self.results / "small"
        self.page.write_text("\n".join(["before", *table.markers("small"), "after", ""]))
        self.readme.write_text("\n".join(["first", *table.head_markers("small"), "last", ""]))

    def __call__(self, *more):
        return table.main(
            [
                f"--sweep={self.definition}",
                f"--results={self.results}",
                f"--page={self.page}",
                f"--readme={self.readme}",
                f"--figure={self.figure}",
                *more,
            ]
        )

    def rows(self, page=None):
        """The tables of the page, or of another one, each a dict from the first cell to the others."""
        parts = (page or self.page).read_text().split("\n\n")
        tables = [part for part in parts if part.startswith("|")]
        cells = [
            [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
            for part in tables
        ]
        return [
            {first.strip(): [cell.strip() for cell in others] for first, *others in lines} for lines in cells
        ]


@pytest.fixture
def new_sweep(tmp_path, monkeypatch):
    """Makes a sweep of a definition's text, without results; its figure is not drawn."""
    monkeypatch.setattr(table, "table_figure", lambda file, rows: file.write(b"a figure"))
    return lambda text: Sweep(tmp_path, text)


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    for row, shifts in ROWS.items():
        for seed in range(3):
            write_run(folder, row, seed, shifts)
    return folder


@pytest.fixture
def sweep(tmp_path, stored, new_sweep):
    """The definition above with all its results."""
    sweep = new_sweep(DEFINITION)
    shutil.copytree(stored, sweep.runs)
    return sweep
