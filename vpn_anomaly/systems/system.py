"""The interface of every system: training and evaluation do not depend on which one they use."""

import abc
from collections.abc import Callable, Mapping, Sequence
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
class Places:
    """What windows of a map show in normal footage, at P × Q places of the frame.

    Attributes:
        mean, spread: of their mean value over time, (P, Q); the spread is a standard deviation.
    """

    mean: jax.Array
    spread: jax.Array


@flax.struct.dataclass
class Maps:
    """The output of a system for some frames; arrays (..., H, W), with (...) = (B, G) for `System.maps`.

    Attributes:
        value: per-pixel statistics, by name, averaged over the masks that hid the pixel; those of all pixels
            (`past_alone.py`) over all masks.
        mean, variance: their expected value and variance under the predicted distribution, for the
            statistics that have one.
        counted: bool, hidden by at least one mask; only these pixels count.
        intensity: the frames themselves, 0..1, averaged over colours.
        windows: side lengths of the windows over which `missing` and `intruding` are summed, pixels.
        places: of a stream, by name of the statistic, what its windows show in normal footage.
        looked_at: of a stream, bool, the pixels that may count at all, shown or not; None: all.
    """

    value: dict[str, jax.Array]
    mean: dict[str, jax.Array]
    variance: dict[str, jax.Array]
    counted: jax.Array
    intensity: jax.Array
    windows: tuple[int, ...] = flax.struct.field(pytree_node=False, default=WINDOWS)
    places: dict[str, Places] = flax.struct.field(default_factory=dict)
    looked_at: jax.Array | None = None


class System(abc.ABC):
    """A model with its loss and its maps; immutable, with all state in the parameters.

    Attributes:
        about: its row of the catalogue, with its name, and whether it streams and carries.
        loss_unit: unit of the per-pixel loss.
        size_multiple: frame height and width have to be multiples of this.
    """

    about: ClassVar[SystemRow]
    loss_unit: ClassVar[str]
    size_multiple: ClassVar[int] = 1

    @property
    @abc.abstractmethod
    def first_frame(self) -> int:
        """The index of the first frame that can be scored."""

    @abc.abstractmethod
    def statistics(self, tail: bool = True) -> frozenset[str]:
        """The contents of its maps: "nll" for a value, "nll.mean" and "nll.variance" for its mean and variance.

        tail: whether `stream_step` is called with `tail`.
        """

    @abc.abstractmethod
    def init(self, key: jax.Array, clip_BxTxHxWxC: jax.Array) -> Params:
        """New parameters; some are initialised from uint8 training clips (such as a histogram)."""

    @abc.abstractmethod
    def loss(self, params: Params, batch: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        """The mean training loss over a batch from `data/pipeline.py`, a scalar."""

    @abc.abstractmethod
    def maps(
        self, params: Params, clip_BxTxHxWxC: jax.Array, shift_Mx2: jax.Array, frames: tuple[int, ...]
    ) -> Maps:
        """The maps of the given frames of uint8 clips under M shifted masks, (B, G, H, W)."""

    @abc.abstractmethod
    def costs(self, step: StepSize) -> list[Row]:
        """The number of parameters, and of operations of one training step, by part."""

    @abc.abstractmethod
    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """The pixels of a frame that the masks of `maps` show, bool (M, H, W)."""

    def shown_in_figures(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        """The pixels shown in a figure of the masked frame, bool (H, W); by default those of the first mask."""
        return self.shown(height, width, shift_Mx2)[0]

    def initial_stream(self, batch: int, height: int, width: int) -> Any:
        """The state before the first frame of B streams. UserError if the system does not stream."""
        self.about.check_streams()
        raise NotImplementedError

    def stream_step(
        self, params: Params, state: Any, frame_BxHxWxC: jax.Array, shift_Mx2: jax.Array, tail: bool = True
    ) -> tuple[Any, Maps]:
        """The state after the next uint8 frame, and that frame's maps, (B, H, W). For systems that stream.

        tail: whether to compute tails and entropies; see `statistics`.
        """
        self.about.check_streams()
        raise NotImplementedError

    def fit(
        self, clips: Sequence[np.ndarray], progress: Callable[[int], object] = lambda count: None
    ) -> Params:
        """The parameters of normal clips, uint8 (T, H, W, C) each, numbered as in `without`.

        For systems that are fitted (`about.fits`). progress: called with 1 after each of the `fit_steps`.
        """
        raise NotImplementedError(f"system {self.about.name} is trained by steps")

    def check_fit(self, clips: int) -> None:
        """UserError where the system cannot be fitted to so many clips."""
        del clips

    def fit_steps(self, clips: int) -> int:
        """The steps of `fit` with so many clips, of about equal length."""
        raise NotImplementedError(f"system {self.about.name} is trained by steps")

    def without(self, params: Params, number: int) -> Params:
        """The parameters to score a clip of the normal footage with, in which nothing is of this clip.

        number: of the clip among the `normal_clips` of all normal videos. For systems that are fitted
        (`about.fits`), whose clips are calibrated with in turn; others have clips that are held out.
        """
        raise NotImplementedError(f"system {self.about.name} is not fitted to clips")

    def initial_carried(self, batch: int, height: int, width: int) -> Any:
        """The initial memory when training carries it over. For systems that carry."""
        raise NotImplementedError(f"system {self.about.name} carries no memory")

    def carried_loss(
        self, params: Params, state: Any, batch: Mapping[str, jax.Array], key: jax.Array
    ) -> tuple[jax.Array, Any]:
        """`loss`, and the memory after the batch, for the next batch. For systems that carry."""
        raise NotImplementedError(f"system {self.about.name} carries no memory")


class LatticeSystem(System):
    """A system whose masks show a lattice of pixels and hide the others.

    Attributes:
        lattice: (rows, columns), its period.
    """

    lattice: tuple[int, int]

    def shown(self, height: int, width: int, shift_Mx2) -> np.ndarray:
        return np.asarray(shown(height, width, shift_Mx2, self.lattice))
