"""Scores the frames of a stream as they come; cost per frame and memory do not depend on its length."""

import copy
import functools
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.ops.platform import ByPlatform, traced_size
from vpn_anomaly.scoring.scores import frame_scores, in_order
from vpn_anomaly.scoring.smoother import Smoother
from vpn_anomaly.systems.system import Maps, Places

# Streams in a batch at most. A CPU gains nothing from larger ones, and every size is a program to compile.
LARGEST_BATCH = ByPlatform(cpu=4, accelerator=64)
# Streams side by side in a step, the others after them: what one needs fits a CPU's caches, several do not.
AT_ONCE = ByPlatform(cpu=1, accelerator=64)


class Scored(NamedTuple):
    """The scores and maps of one frame.

    Attributes:
        scores: by name; empty for the first frames of a stream, which lack context.
        maps: of the frame, (H, W) arrays without padding; None where there are no scores.
    """

    scores: dict[str, float]
    maps: Maps | None


class StreamScorer:
    """Scores frames of one size, one after the other, by a system that streams.

    Frames whose size is no multiple of `system.size_multiple` are padded at the bottom and right with
    their last row and column. The maps have no padding, and outside the zones no pixel counts.

    Attributes:
        system, params, smoothing: as given.
        places: what windows of its maps show in normal footage, by name of the statistic; empty: frames are
            not compared with it.
        height, width: of the frames, pixels.
        tail, zones_HxW: as given.
        masks: how many masks each frame is scored under.
    """

    def __init__(
        self,
        system,
        params,
        shift_Mx2,
        height: int,
        width: int,
        zones_HxW=None,
        tail: bool = True,
        smoothing: int = 0,
    ):
        """
        Args:
            shift_Mx2: shifts of the masks, the same for every frame.
            zones_HxW: bool, the pixels that count; None: all.
            tail: whether to compute the tails and entropies of the distributions, and the scores that
                are made of them; they cost more than all other maps.
            smoothing: frames over which scores are smoothed, see `Smoother`; 0: none.
        """
        self.system, self.params, self._shift_Mx2 = system, jax.device_put(params), jax.device_put(shift_Mx2)
        self.tail, self.zones_HxW, self.masks = tail, zones_HxW, len(shift_Mx2)
        self.height, self.width, self.smoothing = height, width, smoothing
        self.places: dict[str, Places] = {}
        below, beside = (-size % system.size_multiple for size in (height, width))
        self._padding = (0, below), (0, beside), (0, 0)
        self._padded_size = height + below, width + beside
        everywhere_HxW = np.ones((height, width), bool)
        self._looked_at_HxW = jax.device_put(everywhere_HxW if zones_HxW is None else zones_HxW)
        self.restart()

    def with_params(self, params) -> "StreamScorer":
        """The same with other parameters of the system, and an empty memory."""
        return self._with(params=jax.device_put(params))

    def against(self, places: Mapping[str, Places]) -> "StreamScorer":
        """The same with scores against what places show in normal footage, and an empty memory."""
        return self._with(places=dict(places))

    def raw(self) -> "StreamScorer":
        """The same without smoothing, with an empty memory."""
        return self._with(smoothing=0)

    def another_stream(self, device: jax.Device | None = None) -> "StreamScorer":
        """The same for another stream, with a memory of its own; on another device, if one is given.

        `score_together` scores frames of both at once, if they are on one.
        """
        if device is None:
            return self._with()
        placed = ("params", "places", "_shift_Mx2", "_looked_at_HxW")
        return self._with(**{name: jax.device_put(getattr(self, name), device) for name in placed})

    def _with(self, **changes) -> "StreamScorer":
        """A copy with other attributes, and an empty memory."""
        other = copy.copy(self)
        vars(other).update(changes)
        other.restart()
        return other

    def restart(self) -> None:
        """Clears the memory: the next frame is the first of another stream."""
        self._state, self._seen = self.initial_state(), 0
        self._smoother = Smoother(self.smoothing)

    def initial_state(self) -> Any:
        """The state before the first frame of a stream."""
        return self.system.initial_stream(1, *self._padded_size)

    def step(self, params, state, frame_1xHxWxC: jax.Array) -> tuple[Any, dict[str, jax.Array], Maps]:
        """One step, a pure function: the state after the next frame, its scores before smoothing, its maps (H, W)."""
        frame = frame_1xHxWxC
        for axis, (_, more) in enumerate(
            self._padding[:2], start=1
        ):  # jnp.pad adds even nothing, in many operations
            last = jax.lax.slice_in_dim(frame, frame.shape[axis] - 1, frame.shape[axis], axis=axis)
            frame = jnp.concatenate([frame, *[last] * more], axis=axis) if more else frame
        fixed = self._shift_Mx2, self._looked_at_HxW, self.places, self.tail
        return _step(self.system, params, state, frame, *fixed)

    def __call__(self, frame_HxWxC: np.ndarray) -> Scored:
        """The scores and maps of the next frame, uint8 (height, width, C)."""
        return _score_batch([self], [frame_HxWxC])[0]

    def scores_like(self, other: "StreamScorer") -> bool:
        """Whether the two differ in nothing but their streams."""
        fixed = ("system", "params", "places", "_shift_Mx2", "_looked_at_HxW", "tail", "smoothing")
        return all(getattr(self, name) is getattr(other, name) for name in fixed)

    def _scored(self, state, scores, maps) -> Scored:
        """Takes over the state after the next frame; its scores smoothed, once there is context."""
        self._state = state
        self._seen += 1
        if self._seen <= self.system.first_frame:
            return Scored({}, None)
        smoothed = self._smoother({name: float(score) for name, score in in_order(scores).items()})
        return Scored(smoothed, maps.replace(places=self.places))


def score_together(scorers: Sequence[StreamScorer], frames: Sequence[np.ndarray]) -> list[Scored]:
    """The scores and maps of the next frame of each of several streams, computed in batches.

    What each has is what it would have alone, to rounding. A number of streams is split into powers of two, the
    largest LARGEST_BATCH at most, so that few programs are compiled and no frame is made up to fill one.

    Args:
        scorers: different ones that differ only in their streams (`StreamScorer.another_stream`).
        frames: one of each, uint8 (height, width, C).

    Raises:
        ValueError: scorers differ in more than their streams, or one is given twice.
    """
    if len(set(map(id, scorers))) < len(scorers):
        raise ValueError("a stream has one next frame; score its frames one after the other")
    if not all(scorer.scores_like(scorers[0]) for scorer in scorers):
        raise ValueError("these scorers differ in more than their streams")
    found: list[Scored] = []
    while len(found) < len(scorers):
        batch = slice(len(found), len(found) + _batch_size(len(scorers) - len(found)))
        found += _score_batch(scorers[batch], frames[batch])
    return found


def _batch_size(streams: int) -> int:
    """The largest power of two of so many streams that is computed at once."""
    return min(1 << (streams.bit_length() - 1), traced_size(LARGEST_BATCH))


def _score_batch(scorers: Sequence[StreamScorer], frames: Sequence[np.ndarray]) -> list[Scored]:
    one, several = scorers[0], len(scorers) > 1
    frame_BxHxWxC = np.stack([np.pad(frame_HxWxC, one._padding, mode="edge") for frame_HxWxC in frames])
    states, scores, maps = (_next_of_several if several else _next)(
        one.system,
        one.params,
        tuple(scorer._state for scorer in scorers) if several else one._state,
        frame_BxHxWxC,
        one._shift_Mx2,
        one._looked_at_HxW,
        one.places,
        tail=one.tail,
    )
    if not several:
        states, scores, maps = (states,), (scores,), (maps,)
    if any(scorer._seen >= scorer.system.first_frame for scorer in scorers):
        scores, maps = jax.device_get((scores, maps))
    return [scorer._scored(*of) for scorer, *of in zip(scorers, states, scores, maps, strict=True)]


def _step(system, params, state, frame_1xHxWxC, shift_Mx2, zones_HxW, places, tail):
    """The state after the next frame of a stream, its scores, and its maps, (H, W)."""
    state, maps = system.stream_step(params, state, frame_1xHxWxC, shift_Mx2, tail)
    height, width = zones_HxW.shape
    maps = jax.tree.map(lambda x: x[0, :height, :width], maps)
    maps = maps.replace(counted=maps.counted & zones_HxW)
    return state, frame_scores(maps.replace(places=places, looked_at=zones_HxW)), maps


# At module level, so that all streams of one frame size share one compilation.
_next = jax.jit(_step, static_argnames=("system", "tail"))


@functools.partial(jax.jit, static_argnames=("system", "tail"))
def _next_of_several(system, params, states, frame_BxHxWxC, shift_Mx2, zones_HxW, places, tail):
    """`_step` of B streams: a tuple of B states, one of B dictionaries of scores, one of B maps.

    States stay apart outside, so that a stream without a new frame is not touched, and any of them can be together.
    """

    def step(state, frame_HxWxC):
        return _step(system, params, state, frame_HxWxC[None], shift_Mx2, zones_HxW, places, tail)

    stacked = jax.tree.map(lambda *of: jnp.stack(of), *states)
    at_once = min(len(states), traced_size(AT_ONCE))
    results = jax.lax.map(lambda of: step(*of), (stacked, frame_BxHxWxC), batch_size=at_once)
    states, scores, maps = (tuple(_of_streams(result, len(states))) for result in results)
    return states, scores, maps


def _of_streams(result, count: int) -> Iterator:
    """What has a first axis of streams, one by one."""
    for number in range(count):
        yield jax.tree.map(operator.itemgetter(number), result)
