"""Whether an exported program scores as the package does, on the same sequences and frames."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.export.parts import Part
from vpn_anomaly.export.programs import CLIPS, FRAMES, SCORES, after
from vpn_anomaly.scoring.normal_footage import build_normal_footage
from vpn_anomaly.text.telling import notice

TOLERANCE = 1e-4  # of raw scores: absolute up to 1, relative beyond
SEQUENCES, STREAMED = 64, 200  # that are compared, and frames


class Parity(NamedTuple):
    """The largest differences of a raw score from the package's.

    Attributes:
        absolute, relative: of any score; relative to the package's.
        beyond: the largest of |difference| / (TOLERANCE · max(1, |score|)); above 1 they disagree.
        compared: the number of scored frames.
    """

    absolute: float
    relative: float
    beyond: float
    compared: int

    @classmethod
    def of(cls, found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> "Parity":
        """Of scores by name, (N,) each."""
        of_names = [(found[name].astype(np.float64), wanted[name]) for name in wanted]
        difference = np.array([np.abs(one - other) for one, other in of_names])
        size = np.abs([other for _, other in of_names])
        relative = difference / np.maximum(size, np.finfo(np.float32).tiny)
        beyond = difference / (TOLERANCE * np.maximum(1, size))
        return cls(*(float(np.max(x)) for x in (difference, relative, beyond)), difference.shape[1])

    def check(self, name: str) -> None:
        """UserError where they disagree; not-a-number disagrees with all."""
        if not self.beyond <= 1:
            raise UserError(
                f"the program {name} scores otherwise than the package: by up to {self.absolute:.3g},"
                f" {self.relative:.3g} of the score, where {TOLERANCE:g} is allowed; nothing is exported, please"
                " report it"
            )

    def __str__(self) -> str:
        return f"differ from the package's by {self.absolute:.2g} at most, {self.relative:.2g} of the score"


def of_part(part: Part, config: ConfigDict, call: Callable) -> Parity:
    """call: the exported program, from the inputs to a tuple of the outputs."""
    run = lambda *arrays: dict(zip(part.program.outputs, call(*arrays), strict=True))
    if part.name == CLIPS:
        return _of_clips(part, run, compared_clips(config, SEQUENCES))
    frames = compared_frames(config, part.package.height, part.package.width)
    return _of_stream(part, run, itertools.islice(frames, STREAMED))


def compared_clips(config: ConfigDict, count: int) -> np.ndarray:
    """Test sequences, uint8 (count, T, H, W, C), half of them corrupted; made-up ones where the data are not here."""
    data = config.data
    try:
        source = build_source(data, config.score.max_gigabytes)
        halves = [evaluation_clips(source, "test", count // 2, kind).clip for kind in (None, "both")]
    except UserError as error:
        notice(f"made-up sequences are compared, as those of the training are not here: {error}")
        return _made_up((count, data.frames, data.height, data.width, data.channels))
    return np.concatenate(halves)


def compared_frames(config: ConfigDict, height: int, width: int) -> Iterator[np.ndarray]:
    """Frames of a stream without an end, uint8 (height, width, C): of the sequences, or of the normal footage."""
    if config.data.source == "sequences":
        clips = compared_clips(config, SEQUENCES)
        return itertools.cycle(clips.reshape(-1, *clips.shape[2:]))
    video = build_normal_footage(config).of_size(height, width)[0].video
    return (np.asarray(video[number % len(video)]) for number in itertools.count())


def _of_clips(part: Part, run: Callable, clip_NxTxHxWxC: np.ndarray) -> Parity:
    wanted = part.package.scores(clip_NxTxHxWxC, clip_NxTxHxWxC.shape[1] - 1)
    batch = part.program.inputs[FRAMES].shape[0]
    count = len(clip_NxTxHxWxC)
    whole = clip_NxTxHxWxC[np.arange(count + -count % batch) % count]
    made = [run(whole[start : start + batch]) for start in range(0, len(whole), batch)]
    joined = lambda name: np.concatenate([of[f"{SCORES}/{name}"] for of in made])[:count]
    return Parity.of({name: joined(name) for name in wanted}, wanted)


def _of_stream(part: Part, run: Callable, frames: Iterator[np.ndarray]) -> Parity:
    """Before smoothing, which is none of the program's."""
    inputs = {name: np.zeros(of.shape, of.dtype) for name, of in part.program.inputs.items()}
    scorer, found, wanted = part.package.raw(), [], []
    for frame_HxWxC in frames:
        inputs[FRAMES] = frame_HxWxC[None]
        made = run(*inputs.values())
        inputs = {name: made.get(after(name), array) for name, array in inputs.items()}
        scores = scorer(frame_HxWxC).scores
        if scores:
            found.append({name: float(made[f"{SCORES}/{name}"]) for name in scores})
            wanted.append(scores)
    of_all = lambda rows: {name: np.array([row[name] for row in rows]) for name in wanted[0]}
    return Parity.of(of_all(found), of_all(wanted))


def _made_up(shape: tuple[int, int, int, int, int]) -> np.ndarray:
    """Textures that move by a pixel a frame, uint8 (N, T, H, W, C), darker in every other sequence's last frame."""
    count, frames, height, width, channels = shape
    coarse = np.random.default_rng(0).integers(0, 256, (count, -(-height // 4), -(-width // 4), channels))
    texture = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width].astype(np.uint8)
    clips = np.stack([np.roll(texture, number, axis=2) for number in range(frames)], axis=1)
    clips[::2, -1] //= 2
    return clips
