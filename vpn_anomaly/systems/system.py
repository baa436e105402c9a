"""The interface of every system: evaluation and training do not know which one they have."""

from collections.abc import Mapping
from typing import Any, Protocol

import flax.struct
import jax

from vpn_anomaly.models.costs import Row, StepSize

Params = Any
WINDOWS = (3, 5)  # pixels


@flax.struct.dataclass
class Maps:
    """What a system says about frames; arrays (..., H, W), with (..., ) = (B, G) of `System.maps`.

    Attributes:
        value: a statistic of every pixel, by name, averaged over the masks that hid the pixel.
        mean, variance: its expectation and variance under the predicted distribution, for the
            statistics that have one.
        counted: bool, hidden by at least one mask: only these pixels count.
        intensity: the frames themselves, 0..1, averaged over colours.
        windows: sides of the windows that `missing` and `intruding` are summed over, pixels.
    """

    value: dict[str, jax.Array]
    mean: dict[str, jax.Array]
    variance: dict[str, jax.Array]
    counted: jax.Array
    intensity: jax.Array
    windows: tuple[int, ...] = flax.struct.field(pytree_node=False, default=WINDOWS)


class System(Protocol):
    """A model with its loss and its maps; a frozen description, all state is in the parameters."""

    first_frame: int  # the smallest number of a frame that can be scored
    loss_unit: str  # of the loss at a pixel

    def init(self, key: jax.Array, clip_BxTxHxWxC: jax.Array) -> Params:
        """New parameters; uint8 training clips give what starts from data (a histogram)."""

    def loss(self, params: Params, batch: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        """The mean training loss of a batch of `data/pipeline.py`, a scalar."""

    def maps(
        self, params: Params, clip_BxTxHxWxC: jax.Array, shift_Mx2: jax.Array, frames: tuple[int, ...]
    ) -> Maps:
        """The maps of the given frames of uint8 clips under M shifted masks, (B, G, H, W)."""

    def costs(self, step: StepSize) -> list[Row]:
        """The parameters and operations of one training step, part by part."""
