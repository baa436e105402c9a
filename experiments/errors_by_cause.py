"""Tells the errors of evaluated runs on missing squares apart: whether ink was hidden in the frame before, or not.

    python -m experiments.errors_by_cause RUN [RUN ...] [--score=missing_z] [--output=FILE.json]

RUN is the folder of a run or of an evaluation on Moving MNIST, with its results.json and scores.npz. At the threshold
where precision equals recall, it prints the false alarms and the misses on `spatial` among the sequences in which
ink of one digit is covered by brighter ink of the other in the last frame but one, and among the others. FILE: the
same, with the differences of every declared score between the first run and each of the others, and between its
own and the residual without learning, where they are of the same sequences; intervals of 95% over sequences.
"""

import pathlib
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from experiments.tables.accuracy import accuracy_over_seeds
from experiments.tables.numbers import interval, points
from experiments.tables.stored_results import Run
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.moving_mnist import MovingMNIST, overlay, sequence_seed
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.metrics import break_even_accuracy
from vpn_anomaly.files import output_files
from vpn_anomaly.scoring.calibration import RESIDUAL
from vpn_anomaly.storage import provenance, workdir
from vpn_anomaly.storage.exported_weights import stored_config
from vpn_anomaly.storage.results_file import RESULTS, read_results

INK = 64  # the least intensity of ink
DECLARED = {"temporal": "mean_nll", "spatial": "missing_z", "both": "mean_nll", "mixed": "any"}


def ink_is_hidden(source: MovingMNIST, split: str, index_N) -> np.ndarray:
    """Whether ink of a digit lies under brighter ink in the last frame but one, bool (N,); of an evaluation split."""
    glyphs, corner_NxTxDx2 = source.scene(sequence_seed(0, split), split, index_N)
    last_but_one = corner_NxTxDx2[:, -2:-1]
    alone = np.stack(
        [
            overlay(glyphs[:, [digit]], last_but_one[:, :, [digit]], *source.shape[1:3])[:, 0].max(-1)
            for digit in range(source.digit_count)
        ]
    )
    hidden = (alone >= INK) & (alone < alone.max(0))
    return hidden.any((0, 2, 3))


def errors(normal_N, anomalous_N, hidden_normal_N, hidden_anomalous_N) -> dict[str, float | None]:
    """The accuracy at the break-even threshold, and the parts of sequences that are mistaken, by cause.

    None for a part of no sequences.
    """
    part = lambda wrong_N, of_N: float(wrong_N[of_N].mean()) if of_N.any() else None
    threshold = np.sort(np.concatenate([normal_N, anomalous_N]))[len(normal_N)]
    alarm_N, miss_N = normal_N >= threshold, anomalous_N < threshold
    return {
        "accuracy": break_even_accuracy(normal_N, anomalous_N),
        "false_alarms_hidden": part(alarm_N, hidden_normal_N),
        "false_alarms_other": part(alarm_N, ~hidden_normal_N),
        "misses_hidden": part(miss_N, hidden_anomalous_N),
        "misses_other": part(miss_N, ~hidden_anomalous_N),
        "hidden": float(hidden_normal_N.mean()),
    }


class Evaluated:
    """An evaluated run: its scores, and the numbers of its sequences."""

    def __init__(self, folder: pathlib.Path):
        results = read_results(folder)
        if results is None or not (folder / "scores.npz").exists():
            raise UserError(f"{folder} has no results.json and scores.npz; evaluate the run first")
        self.config = stored_config(results["config"], folder)
        self.source = build_source(self.config.data)
        if not isinstance(self.source, MovingMNIST) or "spatial" not in self.config.evaluate.corruptions:
            raise UserError(f"{folder} is not of an evaluation of `spatial` on Moving MNIST")
        with np.load(folder / "scores.npz") as arrays:
            self.run = Run(folder / RESULTS, folder.name, self.config.seed, results, dict(arrays))

    @property
    def sequences(self) -> tuple[int, int]:
        """Number of the first normal sequence, and of normal ones."""
        return self.config.evaluate.first_sequence, self.config.evaluate.sequences

    def has_the_sequences_of(self, other: "Evaluated") -> bool:
        """Whether both were evaluated on the same sequences."""
        return self.sequences == other.sequences and self.config.data.to_dict() == other.config.data.to_dict()

    def errors(self, score: str) -> dict[str, float | None]:
        """`errors` of a score on `spatial`. UserError for a score that the run does not have."""
        if not self.run.has("spatial", score):
            raise UserError(f"--score={score}: the run has no such score")
        first, count = self.sequences
        hidden = [ink_is_hidden(self.source, "test", first + at + np.arange(count)) for at in (0, count)]
        return errors(*self.run.pair("spatial", score), *hidden)


def differences(first: Evaluated, others: Mapping[str, Evaluated]) -> dict[str, dict]:
    """By corruption, the declared score of the first run minus that of others, and minus the residual's.

    Of runs that were evaluated on the same sequences, and of scores that both have.
    """
    comparable = {name: other.run for name, other in others.items() if other.has_the_sequences_of(first)}
    found: dict[str, dict] = {}
    for kind, score in DECLARED.items():
        accuracy = accuracy_over_seeds([first.run], kind, score)
        if accuracy is None:
            continue
        minus = {name: accuracy_over_seeds([run], kind, score) for name, run in comparable.items()}
        minus[RESIDUAL] = accuracy_over_seeds([first.run], kind, RESIDUAL)
        found[kind] = {"score": score, "accuracy": accuracy.mean}
        for name, other in minus.items():
            if other is not None:
                difference, ends = accuracy.minus(other)
                found[kind][f"minus {name}"] = {"difference": difference, "interval": ends}
    return found


def _in_words(of_kind: Mapping) -> list[str]:
    """What a score has more than others, with intervals, in points."""
    return [
        f"{name} {points(100 * of['difference'])} {interval([100 * end for end in of['interval']], points)}"
        for name, of in of_kind.items()
        if name.startswith("minus")
    ]


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints and writes the errors. Exit code 2: an error in the request."""
    parser = Parser("errors_by_cause", __doc__)
    parser.add_argument("runs", nargs="+", type=file_path, metavar="RUN")
    parser.add_argument("--score", default="missing_z", metavar="SCORE")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    if arguments.output:
        output_files.check_output(arguments.output)
    runs = {str(folder): Evaluated(folder) for folder in arguments.runs}
    by_run = {name: run.errors(arguments.score) for name, run in runs.items()}
    for name, found in by_run.items():
        print(name, *(f"{what} {value:.3f}" for what, value in found.items() if value is not None))
    first, *others = runs
    found = differences(runs[first], {name: runs[name] for name in others})
    for kind, of_kind in found.items():
        print(f"{kind}: {of_kind['score']} {of_kind['accuracy']:.3f}", *_in_words(of_kind))
    if arguments.output:
        about = {"score": arguments.score, "errors": by_run, "differences": found}
        workdir.write_json(arguments.output, about | provenance.of_this_process())
    return 0


if __name__ == "__main__":
    sys.exit(main())
