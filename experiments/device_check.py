"""Checks an accelerator in at most 5 minutes: right scores, speed, the largest full.py that fits.

    python -m experiments.device_check [--quick] [--output=FILE.json]

Needs no network and no TensorFlow; PyTorch is compared with where it is installed. FILE is
experiments/results/device_check.json by default. Everything runs on JAX's default device, a CPU too, as FILE's
`hardware` says; --quick takes small models and no PyTorch, to try the program itself. FILE holds

    scores         of table.py's model, for float32 and bfloat16: the largest difference of each frame score from the
                   CPU's in float32, and the standard deviation of that score over the frames
    stream         `frames_per_second` that the motion model of configs/video.py scores, frames in memory
    full           the largest batch of configs/full.py, up to its own, whose training step fits: `batch` (None: none
                   does), `step_s`, `sequences_per_second`
    step           rows of `python -m experiments.bench --suite=step`: table.py's training step against PyTorch's
    seconds        that each of these took; what would have begun after 4 minutes is `skipped`
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable

import jax
import numpy as np
from ml_collections import ConfigDict

from configs import full, table, video
from experiments import bench
from experiments.benchmarks import training_step
from experiments.command_line import RESULTS, Parser, entry_point, file_path
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.files import output_files
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.storage import provenance
from vpn_anomaly.systems.build import build_system

LATEST_START = 240  # seconds after the beginning, of the last part
SEQUENCES, FRAMES, ROUNDS = 16, 200, 9  # that are scored, that are streamed, and of timed steps
RADIUS = 4  # pixels a frame, of the streamed model's motion
FILM, SMALL_FILM = (240, 360), (48, 64)  # height, width


def scores(quick: bool) -> dict:
    """How far frame scores of the default device are from those of the CPU in float32."""
    config = table.get_config("debug" if quick else "")
    clip = build_source(config.data).clips(config.seed, "test", np.arange(4 if quick else SEQUENCES))
    params = build_system(config).init(jax.random.key(config.seed), clip)
    cpu, device = jax.devices("cpu")[0], jax.devices()[0]
    expected = _scores(config, params, clip, cpu)
    result = {}
    for name, precise in (("float32", config), ("bfloat16", training_step.in_bfloat16(config))):
        got = _scores(precise, params, clip, device)
        result[name] = {
            score: {
                "difference": float(np.max(np.abs(got[score] - of_cpu))),
                "deviation": float(of_cpu.std()),
            }
            for score, of_cpu in expected.items()
        }
    return result


def _scores(config: ConfigDict, params, clip, device) -> dict[str, np.ndarray]:
    """Of the last frames, with the system of the config on a device, by name."""
    system, last = build_system(config), clip.shape[1] - 1
    shift_Mx2 = fixed_shifts(config.score.masks, tuple(config.data.lattice))
    scored = jax.jit(lambda params, clip: frame_scores(system.maps(params, clip, shift_Mx2, (last,))))
    with jax.default_device(device):
        return {
            name: np.asarray(of_frames)
            for name, of_frames in scored(*jax.device_put((params, clip), device)).items()
        }


def stream(quick: bool) -> dict:
    """The speed of scoring frame by frame."""
    config = video.get_config("debug" if quick else "")
    config.model.attention.radius = RADIUS * config.model.horizon
    (height, width), count = SMALL_FILM if quick else FILM, 10 if quick else FRAMES
    system = build_system(config)
    frames = np.random.default_rng(0).integers(
        0, 256, (system.first_frame + 1, height, width, 1), dtype=np.uint8
    )
    params = system.init(jax.random.key(0), frames[None])
    shift_Mx2 = fixed_shifts(config.score.masks, tuple(config.data.lattice))
    score, endless = (
        StreamScorer(system, params, shift_Mx2, height, width, tail=False),
        itertools.cycle(frames),
    )
    for frame in itertools.islice(endless, system.first_frame + 2):
        score(frame)
    start = time.perf_counter()
    for frame in itertools.islice(endless, count):
        score(frame)
    return {"size": [height, width], "frames_per_second": count / (time.perf_counter() - start)}


def largest_full(quick: bool) -> dict:
    """The largest batch of full.py that fits, halving its own until one does, and its speed."""
    config = full.get_config("debug" if quick else "")
    config.data.digits = "embedded"
    batch = config.train.batch_size
    while batch:
        config.train.batch_size = batch
        try:
            run = training_step.package_program(config)
            jax.block_until_ready(run())
            seconds = _seconds(run)
            return {"batch": batch, "step_s": seconds, "sequences_per_second": batch / seconds}
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
        batch //= 2
    return {"batch": None}


def _seconds(run: Callable) -> float:
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start


def step(quick: bool) -> list[dict]:
    """The training step against PyTorch's."""
    if quick:
        programs = {"ours": training_step.package_program(table.get_config("debug"))}
    else:
        programs = training_step.programs()
    return bench.measure(programs, ROUNDS)


PARTS = {"scores": scores, "stream": stream, "full": largest_full, "step": step}


def check(quick: bool) -> dict:
    """All parts, in order; each is printed when it is known."""
    begun, result, seconds = time.monotonic(), {}, {}
    for name, part in PARTS.items():
        start = time.monotonic()
        late = start - begun > LATEST_START
        result[name] = "skipped" if late else part(quick)
        seconds[name] = round(time.monotonic() - start, 1)
        print(f"{name}: {json.dumps(result[name])}", flush=True)
    return {"quick": quick, **result, "seconds": seconds, **provenance.of_this_process()}


@entry_point
def main(argv=None) -> int:
    """Runs all parts and stores what they find. Exit code 2: an error."""
    parser = Parser("device_check", __doc__)
    parser.add_argument("--quick", action="store_true", help="small models, without PyTorch")
    parser.add_argument(
        "--output", type=file_path, default=RESULTS / "device_check.json", help="JSON file to write"
    )
    arguments = parser.parse_args(argv)
    output_files.check_output(arguments.output)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch needs room as well
    check_devices()
    text = json.dumps(check(arguments.quick), indent=1) + "\n"
    output_files.write_atomically(arguments.output, lambda file: file.write(text.encode()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
