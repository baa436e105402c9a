"""The interface of every system: evaluation and training do not know which one they have."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import flax.struct
import jax
import numpy as np

from vpn_anomaly.catalogue import SystemRow
from vpn_anomaly.data.lattice import shown
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


class System(abc.ABC):
    """A model with its loss and its maps; a frozen description, all state is in the parameters.

    Attributes:
        about: its row of the catalogue: the name, and whether it streams and carries.
        loss_unit: of the loss at a pixel.
        size_multiple: height and width of a frame have to be multiples of it.
    """

    about: ClassVar[SystemRow]
    loss_unit: ClassVar[str]
    size_multiple: ClassVar[int] = 1

    @property
    @abc.abstractmethod
    def first_frame(self) -> int:
        """The smallest number of a frame that can be scored."""

    @abc.abstractmethod
    def statistics(self, tail: bool = True) -> frozenset[str]:
        """What its maps hold: "nll" for a value, "nll.mean" and "nll.variance" for what goes with it.

        tail: whether `stream_step` is asked for tails.
        """

    @abc.abstractmethod
    def init(self, key: jax.Array, clip_BxTxHxWxC: jax.Array) -> Params:
        """New parameters; uint8 training clips give what starts from data (a histogram)."""

    @abc.abstractmethod
    def loss(self, params: Params, batch: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        """The mean training loss of a batch of `data/pipeline.py`, a scalar."""

    @abc.abstractmethod
    def maps(
        self, params: Params, clip_BxTxHxWxC: jax.Array, shift_Mx2: jax.Array, frames: tuple[int, ...]
    ) -> Maps:
        """The maps of the given frames of uint8 clips under M shifted masks, (B, G, H, W)."""

    @abc.abstractmethod
    def costs(self, step: StepSize) -> list[Row]:
        """The parameters and operations of one training step, part by part."""

    @abc.abstractmethod
    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """What the masks of `maps` show of a frame, bool (M, H, W)."""

    def pictured(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """What a picture of the masked frame shows, bool (H, W): that of the first mask."""
        return self.shown(height, width, shift_Mx2)[0]

    def stream(self, batch: int, height: int, width: int) -> Any:
        """The state before the first frame of B streams; UserError for a system that does not stream."""
        self.about.check_streams()
        raise NotImplementedError

    def stream_step(
        self, params: Params, state: Any, frame_BxHxWxC: jax.Array, shift_Mx2: jax.Array, tail: bool = True
    ) -> tuple[Any, Maps]:
        """The state after the next uint8 frame, and that frame's maps, (B, H, W). For systems that stream.

        tail: whether there are tails and entropies; see `statistics`.
        """
        self.about.check_streams()
        raise NotImplementedError

    def carried(self, batch: int, height: int, width: int) -> Any:
        """The memory before the first step of a training that carries it. For systems that carry."""
        raise NotImplementedError(f"system {self.about.name} carries no memory")

    def carried_loss(
        self, params: Params, state: Any, batch: Mapping[str, jax.Array], key: jax.Array
    ) -> tuple[jax.Array, Any]:
        """`loss`, and the memory that the batch leaves for the next one. For systems that carry."""
        raise NotImplementedError(f"system {self.about.name} carries no memory")


class LatticeSystem(System):
    """A system whose masks show a lattice of pixels.

    Attributes:
        lattice: (rows, columns), its period.
    """

    lattice: tuple[int, int]

    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        return np.asarray(shown(height, width, shift_Mx2, self.lattice))
