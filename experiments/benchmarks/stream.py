"""Scoring a stream frame by frame: the package against the same network in PyTorch (eager mode).

Times are per frame for the model and masks of configs/video.py, without tail surprise (`watch.tail`).
"""

import functools
import itertools
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator

import jax
import numpy as np

from configs import video
from experiments.synthetic.conveyor_world.world import Conveyor
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.build import build_system

SIZES = ((64, 64), (158, 238), (240, 360))  # height, width in pixels
RATE, MINUTES = 25, 0.1  # frames per second, and length of the film
RADIUS = 4  # pixels per frame: the largest motion of the conveyor's parts, plus one


def programs() -> dict[str, Callable]:
    """For each size: `ours`, frames in memory; `ours_decoded`, with H.264 decoding; `ours_with_tails`, with
    tail surprise; and `torch`."""
    # Idle threads of PyTorch would otherwise keep spinning while the next program is timed.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from experiments.benchmarks.torch_stream import TorchStream
    except ModuleNotFoundError as error:
        raise UserError("the suite stream needs PyTorch; pip install '.[bench]'") from error

    config = video.get_config()
    config.model.attention.radius = RADIUS
    system, shift_Mx2 = build_system(config), fixed_shifts(config.score.masks, tuple(config.data.lattice))
    folder = tempfile.TemporaryDirectory()  # deleted together with the programs, which refer to it
    result = {}
    for height, width in SIZES:
        film = pathlib.Path(folder.name) / f"{height}x{width}.mp4"
        frames = write_film(film, height, width)
        below, beside = (-size % system.size_multiple for size in (height, width))
        edges = (0, below), (0, beside), (0, 0)
        clip = np.pad(frames[: system.first_frame + 1], ((0, 0), *edges), "edge")
        params = system.init(jax.random.key(0), clip[None])
        torch_stream = TorchStream(config, params, shift_Mx2, *clip.shape[1:3])
        streamer = functools.partial(StreamScorer, system, params, shift_Mx2, height, width)
        result |= {
            f"ours@{height}x{width}": _scoring(streamer(tail=False), itertools.cycle(frames)),
            f"ours_decoded@{height}x{width}": _scoring(streamer(tail=False), _decoded(film, folder)),
            f"ours_with_tails@{height}x{width}": _scoring(streamer(tail=True), itertools.cycle(frames)),
            f"torch@{height}x{width}": _scoring(
                lambda frame, run=torch_stream, edges=edges: run(np.pad(frame, edges, "edge"), False),
                itertools.cycle(frames),
            ),
        }
    return result


def write_film(path: pathlib.Path, height: int, width: int) -> np.ndarray:
    """Writes an H.264 video of the conveyor; returns its frames, uint8 (T, H, W, 1)."""
    import av

    conveyor = Conveyor(0, "train", minutes=MINUTES, height=height, width=width, rate=RATE)
    frames = np.stack([conveyor.frame(index) for index in range(conveyor.frames)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for frame_HxW in frames:
            picture = av.VideoFrame.from_ndarray(frame_HxW, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return frames[..., None]


def _decoded(film: pathlib.Path, folder) -> Iterator[np.ndarray]:
    """The decoded frames, in an endless loop; keeps the temporary folder alive."""
    while folder:
        with open_video(str(film), VideoSettings()) as source:
            for frame in source:
                yield frame.image


def _scoring(score: Callable, frames: Iterator[np.ndarray]) -> Callable:
    """A program that scores the next frame, after a warm-up on as many frames as have no score."""
    model = video.get_config().model
    for _ in range(model.context + model.horizon - 1):
        score(next(frames))
    return lambda: score(next(frames))
