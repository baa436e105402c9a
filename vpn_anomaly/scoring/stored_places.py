"""What places show in normal footage, as arrays of a stored calibration: place/NAME/mean and /spread, (P·Q,)."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from vpn_anomaly.scoring.places import PLACE_MAPS, place_shape
from vpn_anomaly.systems.system import Places, System

PARTS = ("mean", "spread")


def place_maps(system: System, tail: bool) -> tuple[str, ...]:
    """The statistics of a system that are compared with normal footage place by place."""
    return tuple(name for name in PLACE_MAPS if name in system.statistics(tail))


def array_names(names: Sequence[str]) -> tuple[str, ...]:
    """The arrays of statistics of these names."""
    return tuple(_name(name, part) for name in names for part in PARTS)


def arrays(places: Mapping[str, Places]) -> dict[str, np.ndarray]:
    """The arrays by name."""
    return {
        _name(name, part): np.asarray(getattr(of, part)).ravel()
        for name, of in places.items()
        for part in PARTS
    }


def from_arrays(
    stored: Mapping[str, np.ndarray], names: Sequence[str], height: int, width: int
) -> dict[str, Places]:
    """The places of frames of a size, for statistics of these names."""
    array = lambda name, part: jnp.asarray(stored[_name(name, part)].reshape(place_shape(height, width)))
    return {name: Places(*(array(name, part) for part in PARTS)) for name in names}


def _name(name: str, part: str) -> str:
    return f"place/{name}/{part}"
