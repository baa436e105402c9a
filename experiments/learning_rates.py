"""Compares learning rates for each row of a sweep by short trainings, on validation sequences.

    python -m experiments.learning_rates --sweep=experiments/definitions/paper_table.py [--only=ROW,...]
        [--jobs=1] [--output=FILE.json]

For each row and each of the file's CANDIDATES (or those of --only), with each of its LEARNING_RATES: trains
the row's config for 150 steps with seed 0, then computes the mean loss over 256 normal validation sequences,
masked as in training. FILE (default experiments/results/NAME/learning_rates.json) is
{"steps", "sequences", "losses": {row: {rate: loss}}}; combinations already in it are skipped.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import os
import pathlib
import sys

from experiments.command_line import RESULTS, Parser, entry_point, file_path, jobs, names_in
from experiments.short_training import trained
from experiments.sweeps import child_process
from experiments.sweeps.definition import load_definition, run_config
from experiments.trial_results import open_results
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir

STEPS = 150
SEQUENCES = 256


def validation_loss(config) -> float:
    """Trains the config; returns the mean loss on normal validation sequences, nats or intensities²."""
    source, system, params = trained(config)
    import jax
    import numpy as np

    from vpn_anomaly.data.lattice import random_shifts
    from vpn_anomaly.data.pipeline import evaluation_clips

    lattice, size = tuple(config.data.lattice), config.train.batch_size
    sequences = evaluation_clips(source, "validation", SEQUENCES)
    loss, losses = jax.jit(system.loss), []
    for start in range(0, SEQUENCES, size):
        index = sequences.index[start : start + size]
        shift = random_shifts(0, "validation", index, source.shape[0], lattice)
        batch = {"clip": sequences.clip[start : start + size], "shift": shift, "index": index}
        losses.append(float(loss(params, batch, jax.random.key(0))))
    return float(np.mean(losses))


def trials(path, only: str | None = None) -> tuple[dict, pathlib.Path]:
    """The configs to train by (row, learning rate), and the default output file.

    only: comma-separated names of rows and candidates; None: all. UserError for a name that is not one.
    """
    definition = load_definition(path)
    if not definition.learning_rates:
        raise UserError(f"the sweep file {str(path)!r} has no LEARNING_RATES to try")
    rows = {**definition.runs, **definition.candidates}
    if only is not None:
        rows = {row: rows[row] for row in names_in(only, rows, "--only", "row")}
    configs = {}
    for row, overrides in rows.items():
        for rate in definition.learning_rates:
            tried = {**overrides, "train.learning_rate": rate, "train.steps": STEPS}
            one = dataclasses.replace(definition, runs={row: tried})
            configs[row, rate] = run_config(one, row, 0)
    return configs, RESULTS / definition.name / "learning_rates.json"


@entry_point
def main(argv=None) -> int:
    """Trains every combination without a stored loss. Exit code 2: an error in the request."""
    parser = Parser("learning_rates", __doc__)
    parser.add_argument("--sweep", required=True, type=file_path, metavar="FILE")
    parser.add_argument("--only", metavar="ROW,...", help="default: all rows and candidates")
    parser.add_argument("--jobs", type=jobs, default=1, metavar="N", help="number of concurrent trainings")
    parser.add_argument("--output", type=file_path, metavar="FILE")
    arguments = parser.parse_args(argv)
    configs, output = trials(arguments.sweep, arguments.only)
    _try(configs, arguments.output or output, arguments.jobs)
    return 0


def _end_with(parent: int) -> None:
    """Makes the kernel kill this training process when the program ends."""
    kill_with_parent = child_process.kill_with_parent(parent)
    if kill_with_parent:
        kill_with_parent()


def _try(configs, output, jobs) -> None:
    losses = open_results(output, "losses", "losses of learning rates")
    missing = {key: config for key, config in configs.items() if str(key[1]) not in losses.get(key[0], {})}
    # Every training gets a fresh interpreter: JAX does not work in forked processes.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(
        jobs, context, _end_with, (os.getpid(),), max_tasks_per_child=1
    ) as pool:
        futures = {pool.submit(validation_loss, config): key for key, config in missing.items()}
        for future in concurrent.futures.as_completed(futures):
            row, rate = futures[future]
            losses.setdefault(row, {})[str(rate)] = future.result()
            print(f"{row:<28} {rate:g}: {losses[row][str(rate)]:.5f}", flush=True)
            workdir.write_json(output, {"steps": STEPS, "sequences": SEQUENCES, "losses": losses})


if __name__ == "__main__":
    sys.exit(main())
