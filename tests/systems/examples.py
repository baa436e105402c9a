"""Small systems with random parameters and a batch, for the tests of all systems."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.config import defaults
from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.systems.build import build_system

SIDE, FRAMES = 16, 8


def small_config(**fields):
    config = defaults()
    small = {
        "data.height": SIDE, "data.width": SIDE, "data.frames": FRAMES, "model.context": 3,
        "model.encoder.channels": 4, "model.encoder.dilations": (1,), "model.lstm.channels": 4,
        "model.attention.meta_channels": 4, "model.head.channels": 4,
        "model.head.pixel_channels": 4, "train.targets": (4, 7), "train.loss_pixels": 64,
    }
    config.update_from_flattened_dict({**small, **{k.replace("__", "."): v for k, v in fields.items()}})
    return config


def example(config):
    """A system with all parameters random, and a batch."""
    shape = (2, FRAMES, config.data.height, config.data.width, config.data.channels)
    clip = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    system = build_system(config)
    abstract = jax.eval_shape(system.init, jax.random.key(0), clip)
    rng = np.random.default_rng(1)
    random = lambda x: jnp.asarray(0.2 * rng.normal(size=x.shape), x.dtype)
    shift = random_shifts(0, "train", np.arange(2), FRAMES, (4, 5))
    batch = {"clip": clip, "shift": shift, "index": np.arange(2)}
    return system, jax.tree.map(random, abstract), batch


@functools.partial(jax.jit, static_argnames=("system", "frames"))
def maps_of(system, params, clip, shift_Mx2, frames):
    return system.maps(params, clip, shift_Mx2, frames)


@functools.partial(jax.jit, static_argnames="system")
def loss_of(system, params, batch, key):
    return system.loss(params, batch, key)
