"""Measures how far the shown pixels of an anomalous frame explain it away.

    python -m experiments.explained_away [--checkpoint=pretrained] [--sequences=256] [--output=FILE.json]

CHECKPOINT is `pretrained` or a folder written by experiments.export_weights, of a model that is shown pixels. For
normal validation sequences and one mask: the mean surprise of the hidden pixels, nats, of the last frame; of the
first frame in its place, with its own pixels shown, which is what the paper's score sees of a replaced frame; and of
the first frame where the shown pixels are those of the last, as if they had stayed normal.
"""

import sys
from collections.abc import Sequence

import numpy as np

from experiments import exported_models
from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.scoring.clip_scorer import build_scorer
from vpn_anomaly.storage import provenance, workdir
from vpn_anomaly.systems.build import build_system

CASES = {
    "normal": ("last", "last"),
    "replaced, its own pixels shown": ("first", "first"),
    "replaced, pixels of the last frame shown": ("last", "first"),
}  # the frames that are shown and hidden


def explained_away(config, params, count: int) -> dict[str, float]:
    """The mean surprise of each of CASES over `count` normal validation sequences, nats per pixel."""
    config = config.copy_and_resolve_references()
    config.score.masks = 1
    scorer = build_scorer(config, build_system(config), params)
    clip = evaluation_clips(build_source(config.data), "validation", count).clip
    frames, last = {"first": clip[:, 0], "last": clip[:, -1]}, clip.shape[1] - 1
    shown_HxWx1 = scorer.system.shown(*clip.shape[2:4], scorer.shift_Mx2)[0, ..., None]
    found = {}
    for name, (shown, hidden) in CASES.items():
        frame = np.where(shown_HxWx1, frames[shown], frames[hidden])
        scores = scorer.scores(np.concatenate([clip[:, :-1], frame[:, None]], axis=1), last)
        found[name] = float(scores["mean_nll"].mean())
    return found


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints and writes the three means. Exit code 2: an error in the request."""
    parser = Parser("explained_away", __doc__)
    parser.add_argument("--checkpoint", default="pretrained", metavar="pretrained|DIR")
    parser.add_argument("--sequences", type=int, default=256, metavar="N")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    if arguments.sequences < 1:
        parser.error(f"--sequences={arguments.sequences}: give 1 or more")
    if arguments.output:
        output_files.check_output(arguments.output)
    config = exported_models.stored_config(arguments.checkpoint)
    shows_pixels = system_named(config.system).attends and config.model.use_masked_frame
    if not shows_pixels or config.data.source != "sequences":
        raise UserError(
            f"{arguments.checkpoint} is not of a model of sequences that is shown pixels of the last frame"
        )
    trained = exported_models.model(arguments.checkpoint, config)
    found = explained_away(config, trained.params, arguments.sequences)
    for name, nats in found.items():
        print(f"{name:<42}{nats:.3f}")
    if arguments.output:
        about = {
            "checkpoint": arguments.checkpoint,
            "sequences": arguments.sequences,
            "nats_per_pixel": found,
        }
        workdir.write_json(arguments.output, about | provenance.of_this_process())
    return 0


if __name__ == "__main__":
    sys.exit(main())
