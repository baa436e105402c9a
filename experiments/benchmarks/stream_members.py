"""The members of a detector on an H.264 film of 240×360 pixels: each by itself, then all with decoding.

Every member has the size and the fields that it has with configs/video.py, and looks at every n-th frame. Weights
and calibrations are made up: times do not depend on them.
"""

import dataclasses
import itertools
import math
import pathlib
from collections.abc import Callable

import jax
import numpy as np
from ml_collections import ConfigDict

from configs import video
from experiments.benchmarks.film import decoded, padded, write_film
from experiments.benchmarks.program import Program
from experiments.benchmarks.torch_module import torch_module
from vpn_anomaly import members
from vpn_anomaly.data.build import build_video_settings
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.video.motion import measured_radius
from vpn_anomaly.data.video.open_video import open_video
from vpn_anomaly.member_rows import MEMBERS, MOTION
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.places import place_shape
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stored_places import place_maps
from vpn_anomaly.scoring.stream_calibration import StreamCalibration
from vpn_anomaly.scoring.stream_detector import StreamDetector
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.systems.system import Places

HEIGHT, WIDTH = 240, 360  # pixels of the film
CALIBRATED = 200  # frames


@dataclasses.dataclass(frozen=True)
class Member:
    """One member on the film.

    Attributes:
        config: its own, complete.
        scorer: with weights.
        images: of the film at its size, uint8 (T, H, W, C).
        every: of how many frames it looks at one.
    """

    config: ConfigDict
    scorer: StreamScorer
    images: np.ndarray
    every: int

    @property
    def fields(self) -> dict[str, object]:
        """Of its row."""
        return {"size": [self.scorer.height, self.scorer.width], "every": self.every}


def programs(folder) -> dict[str, Program]:
    """`ours@MEMBER`, one look of each member; `ours@all`, a frame on average with all that configs/video.py has.

    Beside them, the motion member's network as `torch@motion` and `torch_compiled@motion`, where PyTorch is
    installed, and `matrix_product@all`, which says how fast the machine is.

    folder: a temporary one, for the film.
    """
    film = pathlib.Path(folder.name) / "members.mp4"
    write_film(film, HEIGHT, WIDTH)
    config = video.get_config()
    everything = config.copy_and_resolve_references()
    everything.detector.members = tuple(row.name for row in MEMBERS)
    of_film = {name: build_member(everything, name, film) for name in everything.detector.members}
    result = {
        f"ours@{name}": Program(_looks(member.scorer, member.images), fields=member.fields)
        for name, member in of_film.items()
    }
    result |= {f"{name}@{MOTION}": Program(run) for name, run in _torch(of_film[MOTION]).items()}
    result["ours@all"] = _all(config, {name: of_film[name] for name in config.detector.members}, film, folder)
    side = jax.numpy.ones((1024, 1024))
    product = jax.jit(jax.numpy.matmul)
    return {
        **result,
        "matrix_product@all": Program(lambda: product(side, side), fields={"size": [1024, 1024]}),
    }


def build_member(config, name: str, film: pathlib.Path) -> Member:
    own = members.member_config(config, name)
    with open_video(str(film), build_video_settings(own.data)) as source:
        images = np.stack([frame.image for frame in source])
    own.model.attention.radius = own.model.attention.radius or measured_radius([images], own.model.horizon)
    height, width = images.shape[1:3]
    if not own.data.height:
        own.data.height, own.data.width = height, width
    system = build_system(own)
    shift_Mx2 = fixed_shifts(own.score.masks, tuple(own.data.lattice))
    scorer = StreamScorer(
        system, _params(system, images), shift_Mx2, height, width, None, own.watch.tail, own.score.smoothing
    )
    if own.score.places:
        ones = np.ones(place_shape(height, width), np.float32)
        scorer = scorer.against({name: Places(ones, ones) for name in place_maps(system, own.watch.tail)})
    return Member(own, scorer, images, members.every(config, name))


def _params(system, images):
    if system.about.fits:
        return system.fit([images, images[::-1]])
    clip = padded(images[: system.first_frame + 1], system.size_multiple)
    return system.init(jax.random.key(0), clip[None])


def _looks(scorer: StreamScorer, images: np.ndarray) -> Callable:
    """Scores the next frame, after a warm-up on as many as have no score."""
    frames = itertools.cycle(images)
    for _ in range(scorer.system.first_frame):
        scorer(next(frames))
    return lambda: scorer(next(frames)).scores


def _torch(member: Member) -> dict[str, Callable]:
    """The same network in PyTorch; empty where that is not installed."""
    module, scorer = torch_module("torch_stream"), member.scorer
    if module is None:
        return {}
    images = padded(member.images, scorer.system.size_multiple)
    shift_Mx2 = fixed_shifts(member.config.score.masks, tuple(member.config.data.lattice))
    result = {}
    for name, compiled in (("torch", False), ("torch_compiled", True)):
        stream = module.TorchStream(member.config, scorer.params, shift_Mx2, *images.shape[1:3], compiled)
        frames = itertools.cycle(images)
        result[name] = lambda stream=stream, frames=frames: stream(next(frames), scorer.tail)
    return result


def _all(config, of_film: dict[str, Member], film: pathlib.Path, folder) -> Program:
    """Decodes and scores as many frames as there are until all members look at the same one again."""
    share = members.shares(config)
    streams = [
        MemberStream(
            TrainedMember(name, member.config, None, share[name], member.every),
            member.scorer.against(member.scorer.places),
            _normal(member.scorer),
        )
        for name, member in of_film.items()
    ]
    detector = StreamDetector(streams, config.data.channels)
    frames = decoded(film, build_video_settings(config.data), folder)
    count = math.lcm(*(member.every for member in of_film.values()))
    run = lambda: [detector(next(frames)).any for _ in range(count)]
    for _ in range(1 + detector.first_frame // count):  # the first frames have no scores
        run()
    return Program(run, count, {"size": [HEIGHT, WIDTH], "members": list(of_film)})


def _normal(scorer: StreamScorer) -> StreamCalibration:
    """Made-up scores of the frames of two normal clips."""
    rng, names = np.random.default_rng(0), score_names(scorer.system, scorer.tail, bool(scorer.places))
    origin = [np.repeat([0, 1], CALIBRATED // 2) for _ in range(3)]
    return StreamCalibration({name: rng.normal(size=CALIBRATED) for name in names}, *origin)
