"""The one tiny model of the tests, its parameters, and runs of it on disk.

Nearly all of a test's time is spent on compiling. Tests that take this model as it is share its
programs; a field that differs is one that the test is about.
"""

import types

import jax
import numpy as np

from vpn_anomaly import config as configuration
from vpn_anomaly.storage import checkpoints, workdir
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.variants import apply_variant

FRAMES, SIDE = 8, 32  # of a sequence; digits have 28 pixels
STEP = 4  # at which the stored runs are
FIELDS = {
    "data.height": SIDE,
    "data.width": SIDE,
    "data.frames": FRAMES,
    "data.backend": "numpy",
    "model.context": 3,
    "model.encoder.channels": 4,
    "model.encoder.dilations": (1,),
    "model.lstm.channels": 4,
    "model.attention.kind": "none",
    "model.attention.meta_channels": 4,
    "model.attention.radius": 2,
    "model.head.channels": 4,
    "model.head.pixel_channels": 4,
    "model.unet.channels": (4, 6),
    "model.unet.hidden_blocks": (4, 12),
    "model.decoder.channels": 4,
    "model.composite.past": 3,
    "model.composite.future": 2,
    "train.targets": (4, 7),
    "train.loss_pixels": 64,
    "train.report_every": 0,  # drawing takes longer than a step of this model
    "evaluate.sequences": 5,
    "evaluate.batch_size": 2,
    "evaluate.calibration_sequences": 6,
    "evaluate.bootstrap": 10,
}
# The model on patches of footage.
VIDEO_FIELDS = {
    **FIELDS,
    "data.source": "video",
    "data.height": 16,
    "data.width": 16,
    "evaluate.bootstrap": 20,
    "watch.false_alarms": 3600.0,
    "watch.extrapolate": True,
}


def tiny_config(fields=types.MappingProxyType({}), **more):
    """The debug variant of the defaults with FIELDS, `fields`, and more as `model__stem=1`."""
    config = apply_variant(configuration.defaults(), "debug")
    changes = {**fields, **{name.replace("__", "."): value for name, value in more.items()}}
    config.update_from_flattened_dict({**FIELDS, **changes})
    return config


def randomised(tree, scale=0.2, seed=0):
    """Normal values in place of all leaves, whose shapes and dtypes alone count."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda x: (scale * rng.normal(size=x.shape)).astype(x.dtype), tree)


def random_params(config, system=None, seed=0):
    """Parameters of a configuration's system, none of which is where it starts."""
    data = config.data
    shape = (1, data.frames, data.height, data.width, data.channels)
    clip = jax.ShapeDtypeStruct(shape, np.uint8)
    init = (system or build_system(config)).init
    return randomised(jax.eval_shape(init, jax.random.key(0), clip), seed=seed)


def stored_run(directory, config):
    """config, system, random params, directory and step of a run whose training is over."""
    configuration.check(config)
    system = build_system(config)
    params = random_params(config, system)
    workdir.open_run(directory, config)
    state = {"params": params, "step": np.int32(STEP)}
    checkpoints.save(directory / "checkpoints", STEP, state, {"sequences_seen": 8, "wall_seconds": 100.0})
    return types.SimpleNamespace(config=config, system=system, params=params, directory=directory, step=STEP)


def config_file(path, config):
    """Writes a config file, for the command line, that has these values."""
    path.write_text(
        "from vpn_anomaly.config import defaults\n\n\ndef get_config():\n    config = defaults()\n"
        f"    config.update_from_flattened_dict({configuration.flat(config)!r})\n"
        "    return config\n",
        encoding="utf-8",
    )
