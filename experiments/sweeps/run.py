"""One run of a sweep (a row with a seed): its config, folder, command line and process."""

import dataclasses
import pathlib
import subprocess
import sys
import time
from collections.abc import Sequence

from ml_collections import ConfigDict

from experiments.sweeps import child_process
from experiments.sweeps.definition import Definition, run_config
from experiments.sweeps.log_tail import last_line, last_step


@dataclasses.dataclass(frozen=True)
class Run:
    """A requested run.

    Attributes:
        config: the checked config.
        folder: the run folder; the log is beside it.
        results_path: the .json file that its results are stored in.
    """

    row: str
    seed: int
    config: ConfigDict
    folder: pathlib.Path
    results_path: pathlib.Path

    def __str__(self):
        return f"{self.row} seed {self.seed}"

    @property
    def log(self) -> pathlib.Path:
        return self.folder.with_name(self.folder.name + ".log")


class Process:
    """A run in progress.

    Attributes:
        resumed: whether it continues the training of an earlier process.
    """

    def __init__(self, run: Run, command: Sequence[str]):
        """Starts the run. Raises UserError as `child_process.start` does."""
        self.run, self.started = run, time.monotonic()
        self.resumed = (run.folder / "train.jsonl").exists()
        self._log_start = run.log.stat().st_size if run.log.is_file() else 0
        self.process: subprocess.Popen = child_process.start(command, run.folder, run.log)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def status(self) -> str:
        """The stage or step that the run has reached, in words."""
        step, steps = last_step(self.run.folder / "train.jsonl"), self.run.config.train.steps
        if step is None:
            return "is getting ready"
        return f"step {step}/{steps}" if step < steps else "is trained, being evaluated"

    def failure_reason(self) -> str:
        """How the process ended, and the last line it printed."""
        printed = last_line(self.run.log, self._log_start) or "nothing was printed"
        return f"{child_process.describe_exit(self.process)}: {printed}"


def requested_runs(
    definition: Definition,
    rows: Sequence[str],
    seeds: Sequence[int],
    directory: pathlib.Path,
    results: pathlib.Path,
) -> list[Run]:
    """The runs of all rows with the first seed, then with the next. UserError for an invalid config."""
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
    """The command line that trains and evaluates a run, or resumes it."""
    overrides = {**definition.overrides(run.row), "seed": run.seed}
    return [
        sys.executable,
        *program,
        f"--config={definition.config}",
        f"--workdir={run.folder}",
        *(f"--config.{name}={flag_value(value)}" for name, value in overrides.items()),
    ]


def flag_value(value: object) -> str:
    """A field's value as the command line reads it: true, 0.003, (10,13), (19,), plain text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        elements = ",".join(repr(element) for element in value)
        return f"({elements},)" if len(value) == 1 else f"({elements})"
    return str(value)
