"""Scoring a stream frame by frame: the package against the same network in PyTorch.

Times are per frame: of every member of a detector and of all together (`stream_members.py`), and, at several sizes,
of the model and masks of configs/video.py that predicts the next frame (`model.horizon=1`), without tail surprise
(`watch.tail`).
"""

import functools
import itertools
import pathlib
import tempfile
from collections.abc import Callable, Iterator

import jax
import numpy as np

from configs import video
from experiments.benchmarks import stream_members
from experiments.benchmarks.film import decoded, padded, write_film
from experiments.benchmarks.program import Program
from experiments.benchmarks.torch_module import torch_module
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.build import build_system

RADIUS = 4  # pixels: the largest motion per frame of the conveyor's parts, plus one
SIZES = ((64, 64), (158, 238), (240, 360))  # height, width in pixels


def programs() -> dict[str, Callable | Program]:
    """Those of the members, and for each size: `ours`, frames in memory; `ours_decoded`, with H.264 decoding;
    `ours_with_tails`, with tail surprise; and `torch`, where PyTorch is installed."""
    folder = tempfile.TemporaryDirectory()  # deleted together with the programs, which refer to it
    result: dict[str, Callable | Program] = {**stream_members.programs(folder)}
    for size in SIZES:
        result |= _programs_at(*size, folder)
    return result


def _programs_at(height: int, width: int, folder) -> dict[str, Callable]:
    config = video.get_config()
    config.model.attention.radius, config.model.horizon = RADIUS, 1
    system, shift_Mx2 = build_system(config), fixed_shifts(config.score.masks, tuple(config.data.lattice))
    film = pathlib.Path(folder.name) / f"{height}x{width}.mp4"
    frames = write_film(film, height, width)
    params = system.init(
        jax.random.key(0), padded(frames[: system.first_frame + 1], system.size_multiple)[None]
    )
    streamer = functools.partial(StreamScorer, system, params, shift_Mx2, height, width)
    images = (frame.image for frame in decoded(film, VideoSettings(), folder))
    result = {
        f"ours@{height}x{width}": _scoring(streamer(tail=False), itertools.cycle(frames)),
        f"ours_decoded@{height}x{width}": _scoring(streamer(tail=False), images),
        f"ours_with_tails@{height}x{width}": _scoring(streamer(tail=True), itertools.cycle(frames)),
    }
    if module := torch_module("torch_stream"):
        whole = padded(frames, system.size_multiple)
        stream = module.TorchStream(config, params, shift_Mx2, *whole.shape[1:3])
        result[f"torch@{height}x{width}"] = _scoring(
            lambda frame: stream(frame, False), itertools.cycle(whole)
        )
    return result


def _scoring(score: Callable, frames: Iterator[np.ndarray]) -> Callable:
    """A program that scores the next frame, after a warm-up on as many frames as have no score."""
    for _ in range(video.get_config().model.context):
        score(next(frames))
    return lambda: score(next(frames))
