"""What is normal here: how improbable it is, by exemplars of normal footage, what each place shows.

Not in the paper. Inpainting in time foretells a thing that moves on as it did, however fast; inpainting in space
sees single frames. Neither knows that nothing here ever moved so fast, that way, or stood there.
"""

import dataclasses
from collections.abc import Sequence

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.errors import UserError
from vpn_anomaly.models.costs import Cost, Row
from vpn_anomaly.ops.cell_features import pooled
from vpn_anomaly.ops.exemplar_distance import nearest_distance
from vpn_anomaly.system_rules import normality_cell
from vpn_anomaly.systems import normal_exemplars
from vpn_anomaly.systems.frames import intensity
from vpn_anomaly.systems.normal_cells import GROUPS, POOL, WEIGHTS, WINDOW, cell_groups
from vpn_anomaly.systems.normal_exemplars import QUANTILES
from vpn_anomaly.systems.system import Maps, System

NOVELTY = "novelty"  # the sum over the groups
SMOOTHED = 2  # cells whose surprise is averaged, in each direction


@flax.struct.dataclass
class StreamState:
    """The state of B streams.

    Attributes:
        frames: the last `gap` frames, pooled, (B, gap, h, w).
        seen: the number of frames so far, ().
    """

    frames: jax.Array
    seen: jax.Array


@dataclasses.dataclass(frozen=True)
class NormalitySystem(System):
    """The density of what cells show; see `systems/system.py` for the interface.

    Attributes:
        cell: side of a cell, pixels; a thing is about WINDOW cells high.
        gap: frames over which motion is measured.
        radius: largest displacement that is found, pixels.
        exemplars: of each group.
        seed: of their choice.
    """

    cell: int
    gap: int
    radius: int
    exemplars: int
    seed: int = 0

    about = system_named("normality")
    loss_unit = "nats"

    @property
    def first_frame(self) -> int:
        return self.gap

    def statistics(self, tail: bool = True) -> frozenset[str]:
        del tail  # there are no distributions
        return frozenset({*GROUPS, NOVELTY})

    def init(self, key, clip_BxTxHxWxC):
        """Empty parameters; those of normal footage come from `fit`."""
        del key
        background = self.pooled(clip_BxTxHxWxC[:1, 0])[0]
        groups = {
            name: {
                "mean": jnp.zeros(len(weight)),
                "scale": jnp.ones(len(weight)),
                "exemplar": jnp.zeros((self.exemplars, len(weight))),
                "clip": jnp.full(self.exemplars, normal_exemplars.NONE, jnp.int32),
                "quantile": jnp.zeros(len(QUANTILES)),
                "tail": jnp.ones(()),
            }
            for name, weight in WEIGHTS.items()
        }
        return {"background": jnp.zeros_like(background), "noise": jnp.ones(()), "groups": groups}

    def fit(self, clips: Sequence[np.ndarray], progress=lambda count: None):
        """The parameters of normal clips, uint8 (T, H, W, C) each; their numbers are their places in the list.

        progress: called with 1 after each of the `fit_steps`.
        """
        return normal_exemplars.fit(self, clips, progress)

    def check_fit(self, clips: int) -> None:
        if self.exemplars < clips:
            raise UserError(
                f"model.normality.exemplars is {self.exemplars}, but the normal footage consists of {clips} clips,"
                f" of which each has its own; set {clips} or more"
            )

    def fit_steps(self, clips: int) -> int:
        """The steps of `fit` with so many clips."""
        return clips + len(GROUPS)

    def without(self, params, number):
        groups = {
            name: {**group, "clip": jnp.where(group["clip"] == number, normal_exemplars.NONE, group["clip"])}
            for name, group in params["groups"].items()
        }
        return {**params, "groups": groups}

    def loss(self, params, batch, key):
        raise NotImplementedError("system normality is fitted to clips, not trained by steps")

    def maps(self, params, clip_BxTxHxWxC, shift_Mx2, frames):
        """The maps of `stream_step`, of clips that are streams of their own."""
        del shift_Mx2
        clip = jnp.asarray(clip_BxTxHxWxC)
        pooled_BxTxhxw = jax.vmap(self.pooled, 1, 1)(clip)
        at = lambda back: jnp.stack([pooled_BxTxhxw[:, max(frame - back, 0)] for frame in frames], 1)
        merge = lambda x: x.reshape(-1, *x.shape[2:])
        value = clip[:, jnp.array(frames)]
        maps = self._maps(params, *map(merge, (at(0), at(1), at(self.gap), value)))
        maps = jax.tree.map(lambda x: x.reshape(value.shape[:2] + x.shape[1:]), maps)
        counts = jnp.array([frame >= self.gap for frame in frames])
        return maps.replace(counted=maps.counted & counts[:, None, None])

    def initial_stream(self, batch, height, width):
        frame = jax.ShapeDtypeStruct((batch, height, width, 1), jnp.uint8)
        _, h, w = jax.eval_shape(self.pooled, frame).shape
        return StreamState(jnp.zeros((batch, self.gap, h, w)), jnp.zeros((), jnp.int32))

    def stream_step(self, params, state, frame_BxHxWxC, shift_Mx2, tail: bool = True):
        """The maps of the next frame, (B, H, W): nats by group, −log of how often normal cells are as unusual.

        `novelty` is their sum. No pixel counts in the first `gap` frames.
        """
        del shift_Mx2, tail
        frame = jnp.asarray(frame_BxHxWxC)
        new = self.pooled(frame)
        maps = self._maps(params, new, state.frames[:, -1], state.frames[:, 0], frame)
        maps = maps.replace(counted=maps.counted & (state.seen >= self.gap))
        frames = jnp.concatenate([state.frames[:, 1:], new[:, None]], axis=1)
        return StreamState(frames, state.seen + 1), maps

    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """All False, bool (1, H, W): nothing is masked, and every pixel counts."""
        del shift_Mx2
        return np.zeros((1, height, width), bool)

    def costs(self, step):
        cells = -(-step.height // self.cell) * -(-step.width // self.cell)
        return [
            Row(
                "exemplars",
                name,
                Cost(self.exemplars * len(weight), 2 * self.exemplars * len(weight) * cells * step.sequences),
                passes=1,
            )
            for name, weight in WEIGHTS.items()
        ]

    def groups(self, frame, before, earlier, background, noise):
        """`cell_groups` of pooled frames, (B, h, w) each."""
        return cell_groups(
            frame, before, earlier, background, noise, self.gap, self.radius // POOL, self.cell // POOL
        )

    def pooled(self, frame_BxHxWxC):
        """Grey frames as they are compared, (B, h, w)."""
        return pooled(frame_BxHxWxC, POOL, self.cell // POOL)

    def _maps(self, params, frame, before, earlier, value_BxHxWxC) -> Maps:
        groups = self.groups(frame, before, earlier, params["background"], params["noise"])
        of_cells = {name: cell_surprise(params["groups"][name], group) for name, group in groups.items()}
        of_cells[NOVELTY] = sum(of_cells.values())
        height, width = value_BxHxWxC.shape[1:3]
        value = {name: self._at_pixels(cells, height, width) for name, cells in of_cells.items()}
        return Maps(
            value=value,
            mean={},
            variance={},
            counted=jnp.ones(value[NOVELTY].shape, bool),
            intensity=intensity(value_BxHxWxC).mean(-1),
            windows=(WINDOW * self.cell,),
        )

    def _at_pixels(self, cells_Bxhxw, height: int, width: int):
        """Means of SMOOTHED×SMOOTHED cells inside the frame, at every pixel that is nearest to their middle."""
        size = (1, SMOOTHED, SMOOTHED)
        means = jax.lax.reduce_window(cells_Bxhxw, 0.0, jax.lax.add, size, (1, 1, 1), "VALID") / SMOOTHED**2
        nearest = lambda pixels, count: np.clip(
            (np.arange(pixels) - self.cell // 2) // self.cell, 0, count - 1
        )
        rows, columns = nearest(height, means.shape[1]), nearest(width, means.shape[2])
        return means[:, rows][:, :, columns]


def cell_surprise(group, of_cells) -> jax.Array:
    """−log of the part of normal cells that are as far from exemplars, nats (B, h, w); 0 where nothing is."""
    shape = of_cells.there.shape
    standard = (of_cells.value - group["mean"]) / group["scale"]
    used = group["clip"] != normal_exemplars.NONE
    distance = nearest_distance(standard.reshape(-1, standard.shape[-1]), group["exemplar"], used)
    nats = normal_exemplars.nats(distance, group["quantile"], group["tail"])
    return jnp.where(of_cells.there, nats.reshape(shape), 0.0)


def build(config) -> NormalitySystem:
    """Builds the system from a config."""
    fields = config.model.normality
    return NormalitySystem(
        normality_cell(fields.cell, config.data.height),
        fields.gap,
        fields.radius,
        fields.exemplars,
        config.seed,
    )
