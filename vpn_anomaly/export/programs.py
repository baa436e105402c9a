"""What is exported of a trained model: functions of arrays alone, with the weights inside.

    clips    (B, T, H, W, C) uint8 -> scores and maps of the last frame of each sequence
    stream   a frame (1, H, W, C) uint8, and the state -> scores and maps of the frame, and the state after it

All is float32 but frames, masks and counts. Arrays have names: scores/NAME, maps/value/NAME, …; the input
state/NAME is next/NAME among the outputs.
"""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.storage import named_arrays
from vpn_anomaly.systems.system import Maps

CLIPS, STREAM = "clips", "stream"  # the names of programs
# The names of arrays begin with them.
FRAMES, STATE, NEXT, SCORES, MAPS = "frames", "state", "next", "scores", "maps"


@dataclasses.dataclass(frozen=True, eq=False)
class Program:
    """A function of named arrays.

    Attributes:
        function: from the weights and the inputs, in order, to the outputs in a tuple.
        weights: its first argument.
        inputs, outputs: names with shape and dtype, in order.
        windows: `Maps.windows` of its maps.
        first_frame: the number of the first frame that has scores.
    """

    function: Callable
    weights: dict
    inputs: Mapping[str, jax.ShapeDtypeStruct]
    outputs: Mapping[str, jax.ShapeDtypeStruct]
    windows: tuple[int, ...]
    first_frame: int

    @classmethod
    def of(cls, function: Callable, weights, inputs: Mapping, first_frame: int) -> "Program":
        """From a function of the weights and the inputs to outputs by name, and the windows of the maps."""
        names, windows = [], []

        def in_order(weights, *arrays):
            made, of_maps = function(weights, *arrays)
            names[:], windows[:] = made, of_maps
            return tuple(made.values())

        shapes = jax.eval_shape(in_order, weights, *inputs.values())
        outputs = dict(zip(names, shapes, strict=True))
        return cls(in_order, weights, inputs, outputs, tuple(windows), first_frame)


def clips_program(scorer: ClipScorer, shape: tuple[int, int, int, int]) -> Program:
    """The scores and maps of the last frame of `scorer.batch_size` sequences of a shape (T, H, W, C)."""
    last = shape[0] - 1

    def function(weights, clip_BxTxHxWxC):
        maps = scorer.system.maps(weights, clip_BxTxHxWxC, jnp.asarray(scorer.shift_Mx2), (last,))
        maps = jax.tree.map(lambda x: x[:, 0], maps)
        return _named(frame_scores(maps), maps), maps.windows

    clips = jax.ShapeDtypeStruct((scorer.batch_size, *shape), np.uint8)
    return Program.of(function, scorer.params, {FRAMES: clips}, scorer.system.first_frame)


def stream_program(scorer: StreamScorer, channels: int) -> Program:
    """The scores and maps of a stream's next frame, and the state after it.

    UserError for a state that does not begin with zeros.
    """
    initial, treedef = jax.tree.flatten(scorer.initial_state())
    names = list(named_arrays.by_name(scorer.initial_state()))
    if any(np.any(array) for array in initial):
        raise UserError("the state of this system does not begin with zeros, as that of an export has to")

    def function(weights, frame_1xHxWxC, *arrays):
        state, scores, maps = scorer.step(weights, jax.tree.unflatten(treedef, arrays), frame_1xHxWxC)
        after = zip(names, jax.tree.leaves(state), strict=True)
        return {**_named(scores, maps), **{f"{NEXT}/{name}": array for name, array in after}}, maps.windows

    frame = jax.ShapeDtypeStruct((1, scorer.height, scorer.width, channels), np.uint8)
    state = {
        f"{STATE}/{name}": jax.ShapeDtypeStruct(array.shape, array.dtype)
        for name, array in zip(names, initial, strict=True)
    }
    return Program.of(function, scorer.params, {FRAMES: frame, **state}, scorer.system.first_frame)


def after(name: str) -> str:
    """The name of the output that is the next frame's input of this name."""
    return name.replace(STATE, NEXT, 1)


def _named(scores: Mapping[str, jax.Array], maps: Maps) -> dict[str, jax.Array]:
    of_scores = {f"{SCORES}/{name}": score for name, score in scores.items()}
    return of_scores | {f"{MAPS}/{name}": array for name, array in named_arrays.by_name(maps).items()}
