"""Trains the rows of a sweep, and compares them on corrupted validation sequences: what choices are made by.

    python -m experiments.validation_trials --sweep=experiments/definitions/layers_trials.py [--only=ROW,...]
        [--output=FILE.json]

For each row with seed 0: the nats per hidden pixel of 384 normal validation sequences, the break-even accuracy of
every score against as many with a missing square and with both corruptions, and the errors of `missing_z` by whether
ink was hidden in the frame before (`errors_by_cause.py`). Rows that FILE (default
experiments/results/NAME/validation_trials.json) has are skipped.
"""

import sys
import time

import numpy as np

from experiments.command_line import RESULTS, Parser, entry_point, file_path, names_in
from experiments.errors_by_cause import errors, ink_is_hidden
from experiments.short_training import trained
from experiments.sweeps.definition import load_definition, run_config
from experiments.trial_results import open_results
from vpn_anomaly.storage import workdir

FIRST, SEQUENCES = 1000, 384  # beyond those that calibrate
KINDS = ("spatial", "both")


def trial(config) -> dict:
    """What is compared of a config, ready for JSON."""
    from vpn_anomaly.data.pipeline import evaluation_clips
    from vpn_anomaly.evaluation.metrics import break_even_accuracy
    from vpn_anomaly.scoring.clip_scorer import build_scorer

    start = time.monotonic()
    source, system, params = trained(config)
    seconds = time.monotonic() - start
    scorer, last = build_scorer(config, system, params), source.shape[0] - 1

    def scores(kind):
        clips = evaluation_clips(source, "validation", SEQUENCES, kind, first=FIRST)
        return scorer.scores(clips.clip, last)

    normal, others = scores(None), {kind: scores(kind) for kind in KINDS}
    accuracy = {
        kind: {name: break_even_accuracy(normal[name], other[name]) for name in normal}
        for kind, other in others.items()
    }
    number_N = FIRST + np.arange(SEQUENCES)
    hidden = [ink_is_hidden(source, "validation", number_N + at) for at in (0, SEQUENCES)]
    return {
        "nats_per_pixel": float(normal["mean_nll"].mean()),
        "accuracy": accuracy,
        "missing_z": errors(normal["missing_z"], others["spatial"]["missing_z"], *hidden),
        "training_seconds": round(seconds),
    }


@entry_point
def main(argv=None) -> int:
    """Trains and compares the rows that are not stored. Exit code 2: an error in the request."""
    parser = Parser("validation_trials", __doc__)
    parser.add_argument("--sweep", required=True, type=file_path, metavar="FILE")
    parser.add_argument("--only", metavar="ROW,...", help="default: all rows")
    parser.add_argument("--output", type=file_path, metavar="FILE")
    arguments = parser.parse_args(argv)
    definition = load_definition(arguments.sweep)
    rows = list(definition.runs)
    if arguments.only is not None:
        rows = names_in(arguments.only, rows, "--only", "row")
    configs = {row: run_config(definition, row, 0) for row in rows}
    output = arguments.output or RESULTS / definition.name / "validation_trials.json"
    found = open_results(output, "rows", "validation trials")
    for row in (row for row in rows if row not in found):
        found[row] = trial(configs[row])
        accuracy = found[row]["accuracy"]["spatial"]
        print(f"{row:<24} {found[row]['nats_per_pixel']:.3f} nats", *_best(accuracy), flush=True)
        workdir.write_json(output, {"first": FIRST, "sequences": SEQUENCES, "rows": found})
    return 0


def _best(accuracy: dict[str, float]) -> list[str]:
    """The three best scores, in words."""
    best = sorted(accuracy, key=accuracy.__getitem__, reverse=True)[:3]
    return [f"{name} {accuracy[name]:.3f}" for name in best]


if __name__ == "__main__":
    sys.exit(main())
