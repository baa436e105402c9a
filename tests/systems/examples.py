"""Systems with random parameters and a batch, for the tests of all systems."""

import functools

import jax
import numpy as np

from tests import tiny
from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.systems.build import build_system

FRAMES, SIDE = tiny.FRAMES, 16


def small_config(**fields):
    """The tiny model on frames that are smaller than a digit."""
    return tiny.tiny_config({"data.height": SIDE, "data.width": SIDE}, **fields)


def of_kind(kind, **fields):
    """`small_config` with a kind of attention; with layers, three frames are looked at and copied from."""
    if kind == "layers":
        fields = {"model__attention__content_frames": 3, "model__head__copies": True, **fields}
    return small_config(model__attention__kind=kind, **fields)


def example(config):
    """A system with all parameters random, and a batch."""
    shape = (2, FRAMES, config.data.height, config.data.width, config.data.channels)
    clip = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    system = build_system(config)
    params = jax.device_put(tiny.random_params(config, system, seed=1))
    shift = random_shifts(0, "train", np.arange(2), FRAMES, (4, 5))
    return system, params, {"clip": clip, "shift": shift, "index": np.arange(2)}


@functools.partial(jax.jit, static_argnames=("system", "frames"))
def maps_of(system, params, clip, shift_Mx2, frames):
    return system.maps(params, clip, shift_Mx2, frames)


@functools.partial(jax.jit, static_argnames="system")
def loss_of(system, params, batch, key):
    return system.loss(params, batch, key)
