"""One run of a sweep: one row with one seed, its folder, its command, its process."""

import dataclasses
import pathlib
import subprocess
import sys
import time
from collections.abc import Sequence

from ml_collections import ConfigDict

from experiments.sweeps import child
from experiments.sweeps.definition import Definition, run_config
from experiments.sweeps.log_tail import last_line, last_step


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that is asked for.

    Attributes:
        config: what it is run with, checked.
        folder: where it lives; its log stands beside it.
        place: the .json that its results are kept in.
    """

    row: str
    seed: int
    config: ConfigDict
    folder: pathlib.Path
    place: pathlib.Path

    def __str__(self):
        return f"{self.row} seed {self.seed}"

    @property
    def log(self) -> pathlib.Path:
        return self.folder.with_name(self.folder.name + ".log")


class Process:
    """A run that is going on.

    Attributes:
        resumed: whether an earlier process had begun to train.
    """

    def __init__(self, run: Run, command: Sequence[str]):
        """Starts it. Raises UserError where that is not possible, as `child.start` says."""
        self.run, self.started = run, time.monotonic()
        self.resumed = (run.folder / "train.jsonl").exists()
        self._log_start = run.log.stat().st_size if run.log.is_file() else 0
        self.process: subprocess.Popen = child.start(command, run.folder, run.log)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def where(self) -> str:
        """How far it is, in words."""
        step, steps = last_step(self.run.folder / "train.jsonl"), self.run.config.train.steps
        if step is None:
            return "is getting ready"
        return f"step {step}/{steps}" if step < steps else "is trained, being evaluated"

    def last_words(self) -> str:
        """How the process ended, and the last line that it printed."""
        said = last_line(self.run.log, self._log_start) or "nothing was printed"
        return f"{child.how_it_ended(self.process)}: {said}"


def asked_runs(
    definition: Definition,
    rows: Sequence[str],
    seeds: Sequence[int],
    directory: pathlib.Path,
    results: pathlib.Path,
) -> list[Run]:
    """All rows of the first seed, then of the next. UserError for a config that cannot be."""
    name = lambda row, seed: pathlib.Path(row, f"seed{seed}")
    return [
        Run(
            row,
            seed,
            run_config(definition, row, seed),
            directory / name(row, seed),
            results / definition.name / row / f"seed{seed}.json",
        )
        for seed in seeds
        for row in rows
    ]


def command(definition: Definition, run: Run, program: Sequence[str]) -> list[str]:
    """The command line that trains and evaluates a run, or goes on with it."""
    overrides = {**definition.overrides(run.row), "seed": run.seed}
    return [
        sys.executable,
        *program,
        f"--config={definition.config}",
        f"--workdir={run.folder}",
        *(f"--config.{name}={flag_value(value)}" for name, value in overrides.items()),
    ]


def flag_value(value: object) -> str:
    """A field's value as the command line reads it: true, 0.003, (10,13), (19,), text as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        elements = ",".join(repr(element) for element in value)
        return f"({elements},)" if len(value) == 1 else f"({elements})"
    return str(value)
