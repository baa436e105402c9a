"""An exported model in the place of a system: its programs make the maps, no model is built."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.catalogue import SystemRow
from vpn_anomaly.errors import UserError
from vpn_anomaly.export.programs import CLIPS, FRAMES, MAPS, STREAM, after
from vpn_anomaly.systems.system import Maps, System


@dataclasses.dataclass(frozen=True, eq=False)
class ExportedProgram:
    """A program that was read.

    Attributes:
        call: from the inputs to a tuple of the outputs.
        inputs, outputs: names with shape and dtype, in order.
        windows, first_frame: as in `Program`.
    """

    call: Callable
    inputs: Mapping[str, jax.ShapeDtypeStruct]
    outputs: Mapping[str, jax.ShapeDtypeStruct]
    windows: tuple[int, ...]
    first_frame: int

    def maps(self, *arrays) -> tuple[Maps, tuple[jax.Array, ...]]:
        """The maps of these inputs, and the state after them."""
        made = dict(zip(self.outputs, self.call(*arrays), strict=True))
        parts: dict[str, Any] = {"value": {}, "mean": {}, "variance": {}}
        for name, array in made.items():
            kind, _, rest = name.partition("/")
            if kind == MAPS:
                part, _, statistic = rest.partition("/")
                if statistic:
                    parts[part][statistic] = array
                else:
                    parts[part] = array
        state = tuple(made[after(name)] for name in self.inputs if name != FRAMES)
        return Maps(**parts, windows=self.windows), state

    @property
    def statistics(self) -> frozenset[str]:
        """What its maps hold, as `System.statistics` names it."""
        names = (name.split("/") for name in self.outputs if name.startswith(f"{MAPS}/"))
        found = {tuple(parts[1:]) for parts in names if len(parts) == 3}
        return frozenset(name if kind == "value" else f"{name}.{kind}" for kind, name in found)


@dataclasses.dataclass(frozen=True, eq=False)
class ExportedSystem(System):
    """Scores and watches as the system did that was exported; parameters are empty, as the weights lie inside.

    Attributes:
        row: of the catalogue, of that system.
        folder: of the export, for messages.
        programs: by name, one at least.
        stream_tail: whether the streaming step makes tails.
        shown_MxHxW: the pixels that the masks show; of sequences, if it has a program for them.
        masks: how many each frame was scored under.
    """

    row: SystemRow
    folder: str
    programs: Mapping[str, ExportedProgram]
    stream_tail: bool
    shown_MxHxW: np.ndarray
    masks: int

    loss_unit = ""

    @property
    def about(self) -> SystemRow:  # type: ignore[override]
        return self.row

    @property
    def first_frame(self) -> int:
        return next(iter(self.programs.values())).first_frame

    def statistics(self, tail: bool = True) -> frozenset[str]:
        if STREAM in self.programs and tail == self.stream_tail:
            return self.programs[STREAM].statistics
        return self._program(CLIPS, "sequences").statistics

    def init(self, key, clip_BxTxHxWxC) -> dict:
        """No parameters."""
        return {}

    def loss(self, params, batch, key) -> NoReturn:
        raise self._refused("cannot be trained")

    def costs(self, step) -> NoReturn:
        raise self._refused("does not say what a training step costs")

    def without(self, params, number) -> NoReturn:
        raise self._refused("has the thresholds that were exported with it, no others")

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames) -> Maps:
        """The maps of the last frame. UserError for other frames, sizes or masks than were exported."""
        program = self._program(CLIPS, "sequences")
        clips, batch = program.inputs[FRAMES], len(clip_BxTxHxWxC)
        at_once, length = clips.shape[:2]
        if clip_BxTxHxWxC.shape[1:] != clips.shape[1:] or frames != (length - 1,):
            raise self._refused(
                f"scores the last frame of sequences of {_size(clips.shape[1:])}, not frames"
                f" {', '.join(map(str, frames))} of {_size(clip_BxTxHxWxC.shape[1:])}"
            )
        self._check_masks(shift_Mx2)
        missing = -batch % at_once
        filled = jnp.pad(clip_BxTxHxWxC, ((0, missing), *[(0, 0)] * 4), mode="edge")
        parts = [program.maps(filled[start : start + at_once])[0] for start in range(0, batch, at_once)]
        return jax.tree.map(lambda *of: jnp.concatenate(of)[:batch, None], *parts)

    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        if self.shown_MxHxW.shape[1:] != (height, width):
            raise self._refused(f"has no masks of {height}×{width} pixels")
        return self.shown_MxHxW

    def initial_stream(self, batch: int, height: int, width: int) -> tuple[jax.Array, ...]:
        """Zeros. UserError for other sizes than were exported."""
        program = self._program(STREAM, "streams")
        frame = program.inputs[FRAMES].shape
        if (batch, height, width) != frame[:3]:
            raise self._refused(f"watches frames of {_size(frame[1:])}, not of {height}×{width}")
        return tuple(jnp.zeros(of.shape, of.dtype) for name, of in program.inputs.items() if name != FRAMES)

    def stream_step(self, params, state, frame_BxHxWxC, shift_Mx2, tail: bool = True):
        program = self._program(STREAM, "streams")
        self._check_masks(shift_Mx2)
        if tail != self.stream_tail:
            raise self._refused(f"was made with watch.tail={self.stream_tail}, not {tail}")
        maps, after = one_by_one(program.maps)(frame_BxHxWxC, *state)
        return after, jax.tree.map(lambda x: x[None], maps)

    def _program(self, name: str, what: str) -> ExportedProgram:
        if name not in self.programs:
            raise self._refused(f"has no program for {what}: system {self.row.name} has none")
        return self.programs[name]

    def _check_masks(self, shift_Mx2) -> None:
        if len(shift_Mx2) != self.masks:
            raise self._refused(f"was made with score.masks={self.masks}, not {len(shift_Mx2)}")

    def _refused(self, what: str) -> UserError:
        return UserError(
            f"the export in {self.folder} {what}; it does only what it was exported for: export again from the"
            " run or the weights"
        )


def one_by_one(function: Callable) -> Callable:
    """The function, which may be batched by `jax.vmap`: it is then called for one after the other."""
    return jax.custom_batching.sequential_vmap(function)


def _size(shape) -> str:
    *frames, height, width, channels = shape
    of_frames = f"{frames[0]} frames of " if frames else ""
    return f"{of_frames}{height}×{width} pixels with {channels} channel{'s' if channels > 1 else ''}"
