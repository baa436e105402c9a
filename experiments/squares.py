"""Measures how squares of other sizes and fills than the paper's are found.

    python -m experiments.squares [--checkpoint=pretrained] [--first=2000] [--sequences=500] [--output=FILE.json]

CHECKPOINT is `pretrained` or a folder written by experiments.export_weights. Its scores tell normal test
sequences, numbers FIRST on, from as many that follow them, in whose last frame a square of 2, 3 or 5 pixels is
black, grey or noise. The squares of a sequence have one centre. FILE: the break-even accuracy of every score by
square, with its interval of 95% over sequences.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from experiments import exported_models
from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.corruptions import FILLS, Square, corrupt
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.score_metrics import evaluate_scores
from vpn_anomaly.evaluation.sequences import with_derived
from vpn_anomaly.files import output_files
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.clip_calibration import calibration_with_residual
from vpn_anomaly.storage import provenance, workdir

SIZES = (2, 3, 5)  # pixels
RESAMPLES = 1000
MOST = 2**31


def squares_found(config, trained, first: int, count: int) -> Iterator[tuple[Square, dict]]:
    """Every square, with what `evaluate_scores` says of it.

    Args:
        config, trained: of an exported model on Moving MNIST.
        first, count: number of the first normal sequence, and how many there are of each kind.
    """
    source, scorer = build_source(config.data), trained.scorer(config)
    calibration = calibration_with_residual(trained, scorer, source, config.evaluate.calibration_sequences)
    seed, last = sequence_seed(0, "test"), source.shape[0] - 1
    index_N = first + np.arange(count)
    normal_clips, clips = (source.clips(seed, "test", index_N + start) for start in (0, count))
    progress = Progress.counting("scoring", (1 + len(SIZES) * len(FILLS)) * count, "sequences")

    def scores(clip_NxTxHxWxC):
        return with_derived(scorer.scores(clip_NxTxHxWxC, last, progress), calibration, clip_NxTxHxWxC, last)

    normal = scores(normal_clips)
    for square in (Square(size, fill) for size in SIZES for fill in FILLS):
        corrupted, _ = corrupt(clips, "spatial", seed, "test", index_N + count, square)
        yield square, evaluate_scores(normal, scores(corrupted), {}, RESAMPLES)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints and writes the accuracies. Exit code 2: an error in the request."""
    parser = Parser("squares", __doc__)
    parser.add_argument("--checkpoint", default="pretrained", metavar="pretrained|DIR")
    parser.add_argument("--first", type=int, default=2000, metavar="N", help="number of the first sequence")
    parser.add_argument("--sequences", type=int, default=500, metavar="N", help="of each kind")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    if not (0 <= arguments.first < MOST and 1 <= arguments.sequences < MOST):
        given = f"--first={arguments.first} --sequences={arguments.sequences}"
        parser.error(f"{given}: give 0 or more, and 1 or more, each less than {MOST:,}")
    if arguments.output:
        output_files.check_output(arguments.output)
    config = exported_models.stored_config(arguments.checkpoint)
    if config.data.source != "sequences" or config.data.path:
        raise UserError(f"{arguments.checkpoint} is not of a model trained on Moving MNIST (data.path empty)")
    trained = exported_models.model(arguments.checkpoint, config)
    results = {"first": arguments.first, "sequences": arguments.sequences, "squares": {}}
    results |= provenance.of_this_process()
    for square, found in squares_found(config, trained, arguments.first, arguments.sequences):
        name = f"{square.size} {square.fill}"
        accuracies = {score: one["break_even_accuracy"] for score, one in found.items()}
        results["squares"][name] = found
        print(name, " ".join(f"{score} {value:.3f}" for score, value in accuracies.items()), flush=True)
    if arguments.output:
        workdir.write_json(arguments.output, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
