"""Whether scores drift in a long stream: those of its last frames beside those of its first.

    python -m experiments.drift --workdir=RUN [--frames=5000] [--streams=8] [--output=FILE.json]

RUN is a run on Moving MNIST. Streams of test digits, reflected at the borders, are scored frame by
frame. Each of the first and the last 1,000 frames (of those with 19 before them) is scored
three times from the same memory: as it is; `temporal`, with the frame of 19 frames before in its place;
`spatial`, with a black 3×3 square on a digit. Only the frame as it is is remembered.
"""

import functools
import sys
import time
from collections.abc import Sequence

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.corruptions import corrupt
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.metrics import break_even_accuracy
from vpn_anomaly.files import output_files
from vpn_anomaly.progress import Pace
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.scoring.trained_model import trained_run
from vpn_anomaly.storage import exported_weights, overwriting, workdir

PART, BEFORE = 1000, 19  # frames
DECLARED = {"temporal": "tail_mean", "spatial": "missing_z"}  # the score that finds a corruption


def parts_of(frames: int) -> dict[str, range]:
    """The first and the last PART frames, or as many as there are without a frame in both."""
    length = min(PART, (frames - BEFORE) // 2)
    if length < 1:
        raise UserError(f"--frames={frames}: give {BEFORE + 2} or more")
    return {"first": range(BEFORE, BEFORE + length), "last": range(frames - length, frames)}


def long_clips(config: ConfigDict, frames: int, streams: int) -> np.ndarray:
    """Test sequences of the config's digits that are reflected, uint8 (streams, frames, H, W, C)."""
    if config.data.source != "sequences" or config.data.path:
        raise UserError("needed is a run on Moving MNIST (data.path empty)")
    data = config.copy_and_resolve_references().data
    data.frames, data.trajectory = frames, "reflect"
    return build_source(data).clips(0, "test", np.arange(streams))


def drift(scorer, clip_BxTxHxWxC: np.ndarray) -> dict[str, dict]:
    """For `first` and `last`: the mean of every score of frames as they are, and how well the
    declared scores find the corrupted ones.

    Args:
        scorer: of a system that has `stream_step`.
    """
    streams, frames, height, width, _ = clip_BxTxHxWxC.shape
    parts = parts_of(frames)
    scores = {part: {kind: [] for kind in (None, *DECLARED)} for part in parts}
    state, pace = scorer.system.stream(streams, height, width), Pace()
    for number in range(frames):
        part = next((name for name, numbers in parts.items() if number in numbers), None)
        if part is not None:
            window = clip_BxTxHxWxC[:, number - BEFORE : number + 1]
            index_B = number * streams + np.arange(streams)
            for kind in DECLARED:
                corrupted, _ = corrupt(window, kind, 0, "test", index_B)
                scores[part][kind].append(_next(scorer, state, corrupted[:, -1])[1])
        state, of_frame = _next(scorer, state, clip_BxTxHxWxC[:, number])
        if part is not None:
            scores[part][None].append(of_frame)
        if pace.due(time.monotonic(), number + 1 == frames):
            print(f"frame {number + 1} of {frames}", file=sys.stderr, flush=True)
    return {part: _figures(by_kind) for part, by_kind in scores.items()}


def _next(scorer, state, frame_BxHxWxC):
    """The state after the frame, and its scores, (B,) by name."""
    state, scores = _scored(scorer.system, scorer.params, state, frame_BxHxWxC, scorer.shift_Mx2)
    return state, jax.device_get(scores)


@functools.partial(jax.jit, static_argnames="system")
def _scored(system, params, state, frame_BxHxWxC, shift_Mx2):
    state, maps = system.stream_step(params, state, frame_BxHxWxC, shift_Mx2)
    return state, frame_scores(maps)


def _figures(by_kind) -> dict[str, object]:
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
    """The figures of both parts side by side, a line each."""
    first, last = result["first"], result["last"]
    lines = [f"{'':<24}{'first':>10}{'last':>10}   ({first['frames']:,} frames each)"]
    for group in ("mean", "accuracy"):
        lines += [
            f"{name:<24}{value:>10.4f}{last[group][name]:>10.4f}" for name, value in first[group].items()
        ]
    return "\n".join(lines)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures; 2 for what cannot be measured."""
    parser = Parser("drift", __doc__)
    parser.add_argument("--workdir", required=True, type=file_path, metavar="RUN")
    parser.add_argument("--frames", type=int, default=5000, help="of a stream")
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    parts_of(arguments.frames)
    if arguments.output is not None:
        overwriting.check_kept(
            {f"--output={arguments.output}": arguments.output}, overwriting.weights(arguments.workdir, None)
        )
        output_files.check_output(arguments.output)
    path = arguments.workdir / "config.json"
    stored = workdir.read_json(path)
    if stored is None:
        raise UserError(f"there is no config in {path}; give the --workdir of a run")
    config = exported_weights.stored_config(stored, path)
    if config.system != "inpainting":
        raise UserError(f"{arguments.workdir} is of system {config.system}, which scores no streams")
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
