"""Reads the result files of a sweep, RESULTS/NAME/ROW/seedN.json and .npz, in pairs."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.sweeps.definition import Definition
from experiments.sweeps.result_files import BROKEN_SCORES, read_scores
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation import metrics

METRIC = "break_even_accuracy"
TOLERANCE = 1e-6  # between the stored accuracy and the one recomputed from the stored scores
REQUIRED_FIELDS = (
    "corruptions",
    "steps",
    "parameters",
    "wall_seconds",
    "config.train.batch_size",
    "config.train.learning_rate",
    "hardware.platform",
    "hardware.device",
    "hardware.devices",
    "hardware.cpu",
    "hardware.cpu_cores",
)  # of seedN.json; dots separate the names of nested fields


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
      path: its seedN.json.
      row, seed: identify the run within the sweep.
      results: content of seedN.json.
      scores: content of seedN.npz: normal/SCORE (N,) and CORRUPTION/SCORE (P,).
    """

    path: pathlib.Path
    row: str
    seed: int
    results: Mapping
    scores: Mapping[str, np.ndarray]

    def has(self, corruption: str, score: str) -> bool:
        """Whether this score is stored for this corruption."""
        return f"{corruption}/{score}" in self.scores and f"normal/{score}" in self.scores

    def pair(self, corruption: str, score: str) -> tuple[np.ndarray, np.ndarray]:
        """The score of the normal sequences (N,) and of the corrupted sequences (P,)."""
        return self.scores[f"normal/{score}"], self.scores[f"{corruption}/{score}"]

    def accuracy(self, corruption: str, score: str) -> float | None:
        """Break-even accuracy, 0..1, recomputed from the stored scores; None if undefined.

        Raises:
          UserError: it differs from seedN.json, so the two files are from different runs.
        """
        value = metrics.metric(METRIC, *self.pair(corruption, score))
        stored = self.results["corruptions"].get(corruption, {}).get(score, {}).get(METRIC)
        same = value is stored is None or (
            value is not None and stored is not None and abs(value - stored) <= TOLERANCE
        )
        if not same:
            raise UserError(
                f"{self.path} says {corruption}/{score} {stored}, and the scores beside it give {value}: "
                "the two files are not of one run; remove both and run the sweep again"
            )
        return value


def read_runs(definition: Definition, results: pathlib.Path) -> dict[str, tuple[Run, ...]]:
    """The finished runs of every row, ordered by the definition's seeds; () for rows without any.

    Raises:
      UserError: a file is broken, its counterpart is missing, or it belongs to another run.
    """
    folder = pathlib.Path(results) / definition.name
    found = {
        row: [_read_run(folder / row / f"seed{seed}.json", row, seed) for seed in definition.seeds]
        for row in definition.runs
    }
    return {row: tuple(run for run in runs if run is not None) for row, runs in found.items()}


def missing_seeds(definition: Definition, runs: Mapping[str, Sequence[Run]]) -> dict[str, list[int]]:
    """The seeds without a finished run, by row; rows that have all seeds are left out."""
    missing = {
        row: [seed for seed in definition.seeds if seed not in {run.seed for run in runs[row]}]
        for row in definition.runs
    }
    return {row: seeds for row, seeds in missing.items() if seeds}


def check_same_sequences(runs: Sequence[Run], baselines: Sequence[str]) -> None:
    """Checks that all runs were evaluated on the same sequences.

    Baseline scores depend on nothing but the sequences, so they have to be equal in all runs.

    Raises:
      UserError: two runs have different numbers of sequences, or different sequences.
    """
    for run in runs[1:]:
        first = runs[0]
        shapes = [{name: len(score) for name, score in one.scores.items()} for one in (first, run)]
        common = shapes[0].keys() & shapes[1].keys()
        if any(shapes[0][name] != shapes[1][name] for name in common):
            raise UserError(_other_sequences(first, run, "have other numbers of sequences"))
        for name in sorted(common):
            if name.partition("/")[2] in baselines and not np.allclose(
                first.scores[name], run.scores[name], rtol=1e-4, atol=1e-6, equal_nan=True
            ):
                raise UserError(_other_sequences(first, run, f"differ in {name}, a score without learning"))


def _other_sequences(first: Run, second: Run, how: str) -> str:
    return (
        f"{first.path} and {second.path} {how}: rows are compared on the same sequences; "
        "run the sweep again with one data configuration"
    )


def _read_run(path: pathlib.Path, row: str, seed: int) -> Run | None:
    """The run stored in one pair of files; None if it is not finished (the .json is written last)."""
    partner = path.with_suffix(".npz")
    if not path.exists():
        return None
    if not partner.exists():
        raise UserError(f"{partner} is missing beside {path}; remove that and run the sweep again")
    results = _read_results(path)
    if (results.get("name"), results.get("seed")) != (row, seed):
        stored = f"name {results.get('name')!r} and seed {results.get('seed')!r}"
        raise UserError(f"{path} is of another run: {stored}; move it to its own place")
    return Run(path, row, seed, results, _read_scores(partner))


def _read_results(path: pathlib.Path) -> dict:
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(_broken(path, type(error).__name__)) from error
    lacking = [name for name in REQUIRED_FIELDS if not _holds(results, name)]
    if lacking:
        raise UserError(_broken(path, f"it lacks {lacking[0]!r}"))
    return results


def _holds(content: object, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(content, Mapping) or part not in content:
            return False
        content = content[part]
    return True


def _read_scores(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        return read_scores(path)
    except BROKEN_SCORES as error:
        raise UserError(_broken(path, type(error).__name__)) from error


def _broken(path: pathlib.Path, reason: str) -> str:
    return f"{path} is broken ({reason}); remove it with its partner and run the sweep again"
