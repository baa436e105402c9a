"""Measures whether scores drift in a long stream, by comparing its first frames with its last.

    python -m experiments.drift --workdir=RUN [--frames=5000] [--streams=8] [--output=FILE.json]

RUN is a run on Moving MNIST. Streams of test digits, which bounce off the borders, are scored frame by frame.
The first 1,000 frames that have 19 predecessors, and the last 1,000, are each scored three times from the same
memory: unmodified; with a `temporal` corruption, replaced by the frame 19 steps earlier; and with a `spatial`
corruption, a black 3×3 square on a digit. Only the unmodified frame enters the memory.
"""

import functools
import sys
from collections.abc import Sequence

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.corruptions import corrupt
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.metrics import break_even_accuracy
from vpn_anomaly.files import output_files
from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.scoring.trained_model import trained_run
from vpn_anomaly.storage import exported_weights, overwriting, workdir

PART, CONTEXT = 1000, 19  # frames that are compared at either end; frames before the first of them
DECLARED = {"temporal": "tail_mean", "spatial": "missing_z"}  # the score declared for each corruption


def parts_of(frames: int) -> dict[str, range]:
    """The first and last PART frames; fewer if the two would overlap."""
    length = min(PART, (frames - CONTEXT) // 2)
    if length < 1:
        raise UserError(f"--frames={frames}: give {CONTEXT + 2} or more")
    return {"first": range(CONTEXT, CONTEXT + length), "last": range(frames - length, frames)}


def long_clips(config: ConfigDict, frames: int, streams: int) -> np.ndarray:
    """Test sequences of digits that bounce off the borders, uint8 (streams, frames, H, W, C)."""
    if config.data.source != "sequences" or config.data.path:
        raise UserError("expected a run on Moving MNIST (data.path empty)")
    data = config.copy_and_resolve_references().data
    data.frames, data.trajectory = frames, "reflect"
    return build_source(data).clips(0, "test", np.arange(streams))


def drift(scorer, clip_BxTxHxWxC: np.ndarray) -> dict[str, dict]:
    """Scores the streams frame by frame.

    Args:
        scorer: a scorer whose system streams.

    Returns:
        for the parts `first` and `last`: the number of frames, the mean of every score over unmodified
        frames, and the break-even accuracy of the declared scores on corrupted frames.
    """
    streams, frames, height, width, _ = clip_BxTxHxWxC.shape
    parts = parts_of(frames)
    scores = {part: {kind: [] for kind in (None, *DECLARED)} for part in parts}
    state = scorer.system.initial_stream(streams, height, width)
    progress = Progress(lambda progress: f"frame {progress.done} of {frames}", frames)
    for number in range(frames):
        part = next((name for name, numbers in parts.items() if number in numbers), None)
        if part is not None:
            window = clip_BxTxHxWxC[:, number - CONTEXT : number + 1]
            index_B = number * streams + np.arange(streams)
            for kind in DECLARED:
                corrupted, _ = corrupt(window, kind, 0, "test", index_B)
                scores[part][kind].append(_next(scorer, state, corrupted[:, -1])[1])
        state, unmodified = _next(scorer, state, clip_BxTxHxWxC[:, number])
        if part is not None:
            scores[part][None].append(unmodified)
        progress()
    return {part: _summary(by_kind) for part, by_kind in scores.items()}


def _next(scorer, state, frame_BxHxWxC):
    """The state after a frame, and the frame's scores, (B,) by name."""
    state, scores = _scored(scorer.system, scorer.params, state, frame_BxHxWxC, scorer.shift_Mx2)
    return state, jax.device_get(scores)


@functools.partial(jax.jit, static_argnames="system")
def _scored(system, params, state, frame_BxHxWxC, shift_Mx2):
    state, maps = system.stream_step(params, state, frame_BxHxWxC, shift_Mx2)
    return state, frame_scores(maps)


def _summary(by_kind) -> dict[str, object]:
    """The result of one part, from the scores of its frames by corruption; None: unmodified."""
    joined = {
        kind: {name: np.concatenate([one[name] for one in rows]) for name in rows[0]}
        for kind, rows in by_kind.items()
    }
    return {
        "frames": len(joined[None]["mean_nll"]),
        "mean": {name: float(score_N.mean()) for name, score_N in joined[None].items()},
        "accuracy": {
            f"{kind}: {name}": break_even_accuracy(joined[None][name], joined[kind][name])
            for kind, name in DECLARED.items()
        },
    }


def report(result: dict[str, dict]) -> str:
    """Both parts side by side, a line per mean or accuracy."""
    first, last = result["first"], result["last"]
    lines = [f"{'':<24}{'first':>10}{'last':>10}   ({first['frames']:,} frames each)"]
    for group in ("mean", "accuracy"):
        lines += [
            f"{name:<24}{value:>10.4f}{last[group][name]:>10.4f}" for name, value in first[group].items()
        ]
    return "\n".join(lines)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints the comparison and stores it. Exit code 2: an error."""
    parser = Parser("drift", __doc__)
    parser.add_argument("--workdir", required=True, type=file_path, metavar="RUN")
    parser.add_argument("--frames", type=int, default=5000, help="length of each stream")
    parser.add_argument("--streams", type=int, default=8, help="number of streams")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    parts_of(arguments.frames)
    if arguments.output is not None:
        overwriting.check_not_overwritten(
            {f"--output={arguments.output}": arguments.output}, overwriting.weights(arguments.workdir, None)
        )
        output_files.check_output(arguments.output)
    path = arguments.workdir / "config.json"
    stored = workdir.read_json(path)
    if stored is None:
        raise UserError(f"there is no config in {path}; give the --workdir of a run")
    config = exported_weights.stored_config(stored, path)
    if not system_named(config.system).carries:
        raise UserError(f"{arguments.workdir} is of system {config.system}, which has no memory of a stream")
    clips = long_clips(config, arguments.frames, arguments.streams)
    result = drift(trained_run(config, arguments.workdir).scorer(config), clips)
    print(report(result))
    if arguments.output is not None:
        workdir.write_json(
            arguments.output, {"frames": arguments.frames, "streams": arguments.streams, **result}
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
