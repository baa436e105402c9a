"""Runs named overrides of one config, times seeds, each in a process of its own; keeps the results.

    python -m experiments.sweep --sweep=experiments/definitions/ablations.py --workdir=DIR [--seeds=0,1,2]
        [--only=ROW,...] [--jobs=1] [--results=experiments/results]

A run lives in DIR/ROW/seedN, what it prints in DIR/ROW/seedN.log, and its results and scores in
RESULTS/NAME/ROW/seedN.json and .npz (sweeps/stored.py). All rows of the first seed come first, so that a
part of a sweep compares all rows. sweeps/definition.py says what a sweep file holds.

The same command resumes after any end: what is stored is skipped, what was begun goes on from its
last checkpoint. A run that fails does not end the sweep. SIGTERM and Ctrl-C are passed on as
SIGTERM: the runs save their state; a second Ctrl-C kills them. When the sweep itself is killed, so
are its runs, by Linux; elsewhere they go on, and a sweep that starts the same run waits a little
and then tells (sweeps/child.py).

Exit code: 0 done (or stopped by SIGTERM), 1 runs failed, 2 an error in what was asked, 130 Ctrl-C.
"""

import argparse
import collections
import sys
import time
from collections.abc import Sequence

from experiments.command_line import RESULTS, Parser, entry_point, file_path, jobs
from experiments.sweeps import stored
from experiments.sweeps.definition import Definition, is_seed, load_definition
from experiments.sweeps.progress import Progress
from experiments.sweeps.run import Process, Run, asked_runs, command
from vpn_anomaly.errors import UserError
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.storage import workdir

PROGRAM = ("-m", "vpn_anomaly.main")
POLL = 0.1  # seconds


class Sweep:
    """Runs what is asked for, `jobs` at once, with `program`: arguments of the interpreter.

    Attributes:
        failures: a line for every run that failed.
    """

    def __init__(self, definition: Definition, program: Sequence[str], jobs: int, progress: Progress):
        self._definition, self._program, self._jobs = definition, program, jobs
        self._progress, self._running = progress, []
        self.failures: list[str] = []

    def run(self, runs: Sequence[Run], stop: StopRequest) -> None:
        """Returns when all ended, or when a stop is asked for and the running ones ended."""
        waiting, passed_on = collections.deque(runs), False
        try:
            while self._running or waiting and not stop.requested:
                if waiting and not stop.requested and len(self._running) < self._jobs:
                    self._start(waiting.popleft())
                if stop.requested and not passed_on:
                    passed_on = True
                    self._terminate()
                for one in list(self._running):
                    if one.process.poll() is not None:
                        self._end(one, stop.requested)
                self._progress.live(self._running)
                time.sleep(POLL)
        finally:  # nothing is running here, unless an error or a second Ctrl-C came
            for one in self._running:
                one.process.kill()
                one.process.wait()

    def _start(self, run: Run) -> None:
        self._progress.starts(run)
        try:
            self._running.append(Process(run, command(self._definition, run, self._program)))
        except UserError as error:
            self._fail(run, str(error))

    def _terminate(self) -> None:
        self._progress.line(f"stopping: {len(self._running)} running, each saves its state first")
        for one in self._running:
            one.process.terminate()

    def _end(self, ended: Process, stopping: bool) -> None:
        """Keeps what a run found. One without results failed, or was stopped."""
        self._running.remove(ended)
        done, how = False, "done"
        try:
            done = self._keep(ended)
            if not done and stopping:
                how = "stopped"
            elif not done:
                raise UserError(ended.last_words())
        except UserError as error:
            how = "failed"
            self._fail(ended.run, str(error))
        self._progress.ends(ended, done, how, self._running)

    def _keep(self, ended: Process) -> bool:
        """Whether the run is finished; then its results and scores are stored."""
        run = ended.run
        results = None
        if ended.process.returncode == 0:
            results = workdir.finished_results(run.folder, run.config)
        if results is None:
            return False
        stored.store(run.folder, results, run.row, run.seed, run.place, self._definition.stored_scores)
        return True

    def _fail(self, run: Run, why: str) -> None:
        """Told at once, and again at the end."""
        self.failures.append(f"{run} failed: {why} (log: {run.log})")
        self._progress.line(self.failures[-1])


@entry_point
def main(argv: Sequence[str] | None = None, program: Sequence[str] = PROGRAM) -> int:
    """Runs one sweep; returns the exit code. `program` stands between the interpreter and flags."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments, program)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser("sweep", __doc__)
    parser.add_argument(
        "--sweep", required=True, type=file_path, metavar="FILE", help="what to run (sweeps/definition.py)"
    )
    parser.add_argument("--workdir", required=True, type=file_path, metavar="DIR", help="where the runs live")
    parser.add_argument("--seeds", metavar="N,...", help="default: the file's SEEDS")
    parser.add_argument("--only", metavar="ROW,...", help="default: all rows of the file")
    parser.add_argument("--jobs", type=jobs, default=1, metavar="N", help="runs at once")
    parser.add_argument(
        "--results", type=file_path, default=RESULTS, metavar="DIR", help=f"default: {RESULTS}"
    )
    return parser


def _run(arguments: argparse.Namespace, program: Sequence[str]) -> int:
    definition = load_definition(arguments.sweep)
    rows, seeds = _rows(arguments.only, definition), _seeds(arguments.seeds, definition)
    runs = asked_runs(definition, rows, seeds, arguments.workdir, arguments.results)
    missing = [run for run in runs if not stored.is_stored(run.place, run.row, run.seed, run.config)]
    place = arguments.results / definition.name
    for folder in (arguments.workdir, place):
        with workdir.storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        workdir.check_writable(folder)
    progress = Progress(sys.stdout, len(runs), missing, arguments.jobs)
    if len(missing) < len(runs):
        progress.line(f"{len(runs) - len(missing)} of {len(runs)} runs are stored in {place}")
    sweep = Sweep(definition, program, arguments.jobs, progress)
    try:
        with StopRequest() as stop:
            sweep.run(missing, stop)
    finally:
        for failure in sweep.failures:
            progress.line(failure)
    if stop.requested:
        progress.line("stopped; the same command goes on")
        return 130 if stop.interrupted else 0
    if sweep.failures:
        progress.line(f"{len(sweep.failures)} of {len(runs)} runs failed; the same command tries again")
        return 1
    progress.line(f"all {len(runs)} runs are stored in {place}")
    return 0


def _rows(text: str | None, definition: Definition) -> list[str]:
    """The rows of --only in the order of the file; all of them without it."""
    if text is None:
        return list(definition.runs)
    asked = text.split(",")
    for row in asked:
        if row not in definition.runs:
            raise UserError(
                f"--only={text}: there is no row {row!r}; the rows are: {', '.join(definition.runs)}"
            )
    return [row for row in definition.runs if row in asked]


def _seeds(text: str | None, definition: Definition) -> list[int]:
    """The seeds of --seeds, each once; those of the file without it."""
    if text is None:
        return list(dict.fromkeys(definition.seeds))
    seeds = [int(part) if part.strip().isdecimal() else None for part in text.split(",")]
    if not all(map(is_seed, seeds)):
        raise UserError(f"--seeds={text}: seeds are whole numbers, 0 or more, such as --seeds=0,1,2")
    return list(dict.fromkeys(seeds))


if __name__ == "__main__":
    sys.exit(main())
