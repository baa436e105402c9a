"""Trains and evaluates every row of a sweep with every seed, each in its own process.

    python -m experiments.sweep --sweep=experiments/definitions/ablations.py --workdir=DIR [--seeds=0,1,2]
        [--only=ROW,...] [--jobs=1] [--results=experiments/results]

The run folder is DIR/ROW/seedN, its log DIR/ROW/seedN.log; results and scores are stored in
RESULTS/NAME/ROW/seedN.json and .npz (sweeps/result_files.py). All rows run with the first seed before any runs
with the next, so that a partial sweep compares all rows. For the format of a sweep file see
sweeps/definition.py.

The same command resumes an interrupted sweep: stored runs are skipped, unfinished runs continue from their
last checkpoint. A failed run does not end the sweep. SIGTERM and Ctrl-C are forwarded to the runs as SIGTERM,
and they save their state; a second Ctrl-C kills them. If the sweep itself is killed, Linux kills its runs;
on other systems they continue, and a new sweep that needs the same run reports an error
(sweeps/child_process.py).

Exit code: 0 finished (or stopped by SIGTERM), 1 runs failed, 2 an error in the request, 130 Ctrl-C.
"""

import argparse
import collections
import sys
import time
from collections.abc import Sequence

from experiments.command_line import RESULTS, Parser, entry_point, file_path, jobs, names_in
from experiments.sweeps import result_files
from experiments.sweeps.definition import Definition, is_seed, load_definition
from experiments.sweeps.progress import Progress
from experiments.sweeps.run import Process, Run, command, requested_runs
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.storage import results_file, workdir

PROGRAM = ("-m", "vpn_anomaly.main")
POLL = 0.1  # seconds between two looks at the running processes


class Sweep:
    """Runs up to `jobs` requested runs concurrently.

    Args:
        program: arguments of the Python interpreter before the flags of a run.

    Attributes:
        failures: a line per failed run.
    """

    def __init__(self, definition: Definition, program: Sequence[str], jobs: int, progress: Progress):
        self._definition, self._program, self._jobs = definition, program, jobs
        self._progress, self._running = progress, []
        self.failures: list[str] = []

    def run(self, runs: Sequence[Run], stop: StopRequest) -> None:
        """Returns when all runs have ended or, after a stop request, when the running ones have."""
        waiting, forwarded = collections.deque(runs), False
        try:
            while self._running or waiting and not stop.requested:
                if waiting and not stop.requested and len(self._running) < self._jobs:
                    self._start(waiting.popleft())
                if stop.requested and not forwarded:
                    forwarded = True
                    self._terminate()
                for one in list(self._running):
                    if one.process.poll() is not None:
                        self._end(one, stop.requested)
                self._progress.refresh(self._running)
                time.sleep(POLL)
        finally:  # nothing is still running, except after an error or a second Ctrl-C
            for one in self._running:
                one.process.kill()
                one.process.wait()

    def _start(self, run: Run) -> None:
        self._progress.run_started(run)
        try:
            self._running.append(Process(run, command(self._definition, run, self._program)))
        except UserError as error:
            self._fail(run, str(error))

    def _terminate(self) -> None:
        self._progress.print_line(f"stopping: {len(self._running)} running, each saves its state first")
        for one in self._running:
            one.process.terminate()

    def _end(self, ended: Process, stopping: bool) -> None:
        """Stores the results of an ended run. A run without results has failed or was stopped."""
        self._running.remove(ended)
        done, how = False, "done"
        try:
            done = self._store(ended)
            if not done and stopping:
                how = "stopped"
            elif not done:
                raise UserError(ended.failure_reason())
        except UserError as error:
            how = "failed"
            self._fail(ended.run, str(error))
        self._progress.run_ended(ended, done, how, self._running)

    def _store(self, ended: Process) -> bool:
        """Stores results and scores if the run is finished; returns whether it is."""
        run = ended.run
        results = None
        if ended.process.returncode == 0:
            results = results_file.finished_results(run.folder, run.config)
        if results is None:
            return False
        result_files.store(
            run.folder, results, run.row, run.seed, run.results_path, self._definition.stored_scores
        )
        return True

    def _fail(self, run: Run, why: str) -> None:
        """Reports a failure now; `main` repeats it at the end."""
        self.failures.append(f"{run} failed: {why} (log: {run.log})")
        self._progress.print_line(self.failures[-1])


@entry_point
def main(argv: Sequence[str] | None = None, program: Sequence[str] = PROGRAM) -> int:
    """Runs one sweep; returns the exit code. `program`: see `Sweep`."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments, program)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser("sweep", __doc__)
    parser.add_argument(
        "--sweep",
        required=True,
        type=file_path,
        metavar="FILE",
        help="the sweep's definition (sweeps/definition.py)",
    )
    parser.add_argument(
        "--workdir", required=True, type=file_path, metavar="DIR", help="folder of the run folders"
    )
    parser.add_argument("--seeds", metavar="N,...", help="default: the file's SEEDS")
    parser.add_argument("--only", metavar="ROW,...", help="default: all rows")
    parser.add_argument("--jobs", type=jobs, default=1, metavar="N", help="number of concurrent runs")
    parser.add_argument(
        "--results", type=file_path, default=RESULTS, metavar="DIR", help=f"default: {RESULTS}"
    )
    return parser


def _run(arguments: argparse.Namespace, program: Sequence[str]) -> int:
    definition = load_definition(arguments.sweep)
    rows, seeds = _rows(arguments.only, definition), _seeds(arguments.seeds, definition)
    runs = requested_runs(definition, rows, seeds, arguments.workdir, arguments.results)
    missing = [
        run for run in runs if not result_files.is_stored(run.results_path, run.row, run.seed, run.config)
    ]
    results = arguments.results / definition.name
    for folder in (arguments.workdir, results):
        with output_files.storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        workdir.check_writable(folder)
    progress = Progress(sys.stdout, len(runs), missing, arguments.jobs)
    if len(missing) < len(runs):
        progress.print_line(f"{len(runs) - len(missing)} of {len(runs)} runs are stored in {results}")
    sweep = Sweep(definition, program, arguments.jobs, progress)
    try:
        with StopRequest() as stop:
            sweep.run(missing, stop)
    finally:
        for failure in sweep.failures:
            progress.print_line(failure)
    if stop.requested:
        progress.print_line("stopped; the same command goes on")
        return 130 if stop.interrupted else 0
    if sweep.failures:
        progress.print_line(f"{len(sweep.failures)} of {len(runs)} runs failed; the same command tries again")
        return 1
    progress.print_line(f"all {len(runs)} runs are stored in {results}")
    return 0


def _rows(text: str | None, definition: Definition) -> list[str]:
    """The rows of --only in the order of the file; without the flag, all rows."""
    if text is None:
        return list(definition.runs)
    requested = names_in(text, definition.runs, "--only", "row")
    return [row for row in definition.runs if row in requested]


def _seeds(text: str | None, definition: Definition) -> list[int]:
    """The seeds of --seeds without repetitions; without the flag, the definition's seeds."""
    if text is None:
        return list(dict.fromkeys(definition.seeds))
    seeds = [int(part) if part.strip().isdecimal() else None for part in text.split(",")]
    if not all(map(is_seed, seeds)):
        raise UserError(f"--seeds={text}: seeds are whole numbers, 0 or more, such as --seeds=0,1,2")
    return list(dict.fromkeys(seeds))


if __name__ == "__main__":
    sys.exit(main())
