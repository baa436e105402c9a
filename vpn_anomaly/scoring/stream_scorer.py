"""Scores the frames of a stream as they come; cost per frame and memory do not depend on its length."""

import copy
import functools
from collections.abc import Mapping
from typing import NamedTuple

import jax
import numpy as np

from vpn_anomaly.scoring.scores import frame_scores, in_order
from vpn_anomaly.scoring.smoother import Smoother
from vpn_anomaly.systems.system import Maps, Places


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
        other = copy.copy(self)
        other.params = jax.device_put(params)
        other.restart()
        return other

    def against(self, places: Mapping[str, Places]) -> "StreamScorer":
        """The same with scores against what places show in normal footage, and an empty memory."""
        other = copy.copy(self)
        other.places = dict(places)
        other.restart()
        return other

    def on(self, device: jax.Device) -> "StreamScorer":
        """The same on another device, with an empty memory."""
        other = copy.copy(self)
        for name in ("params", "places", "_shift_Mx2", "_looked_at_HxW"):
            setattr(other, name, jax.device_put(getattr(self, name), device))
        other.restart()
        return other

    def restart(self) -> None:
        """Clears the memory: the next frame is the first of another stream."""
        self._state, self._seen = self.system.initial_stream(1, *self._padded_size), 0
        self._smoother = Smoother(self.smoothing)

    def __call__(self, frame_HxWxC: np.ndarray) -> Scored:
        """The scores and maps of the next frame, uint8 (height, width, C)."""
        padded = np.pad(frame_HxWxC, self._padding, mode="edge")
        self._state, scores, maps = _next(
            self.system,
            self.params,
            self._state,
            padded[None],
            self._shift_Mx2,
            self._looked_at_HxW,
            self.places,
            tail=self.tail,
        )
        self._seen += 1
        if self._seen <= self.system.first_frame:
            return Scored({}, None)
        scores, maps = jax.device_get((scores, maps))
        scores = self._smoother({name: float(score) for name, score in in_order(scores).items()})
        return Scored(scores, maps.replace(places=self.places))


@functools.partial(jax.jit, static_argnames=("system", "tail"))
def _next(system, params, state, frame_1xHxWxC, shift_Mx2, zones_HxW, places, tail):
    """At module level, so that all streams of one frame size share one compilation."""
    state, maps = system.stream_step(params, state, frame_1xHxWxC, shift_Mx2, tail)
    height, width = zones_HxW.shape
    maps = jax.tree.map(lambda x: x[0, :height, :width], maps)
    maps = maps.replace(counted=maps.counted & zones_HxW)
    return state, frame_scores(maps.replace(places=places, looked_at=zones_HxW)), maps
