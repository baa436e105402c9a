"""A tiny trained run, shared by the tests of scoring and evaluation."""

import types

import jax
import numpy as np
import pytest

from vpn_anomaly import checkpoints, config as configuration, workdir
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.evaluation.scoring import build_scorer
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.variants import vary

STEP = 4
TINY = {
    "data.height": 32, "data.width": 32, "data.frames": 8, "model.context": 3,
    "model.encoder.channels": 4, "model.encoder.dilations": (1,), "model.lstm.channels": 4,
    "model.attention.kind": "none", "model.head.channels": 4, "model.head.pixel_channels": 4,
    "train.targets": (4, 7), "evaluate.sequences": 5, "evaluate.batch_size": 2,
    "evaluate.calibration_sequences": 6, "evaluate.bootstrap": 10,
}


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """config, source, system, random params, and the directory of a run that has them saved."""
    config = vary(configuration.defaults(), "debug")
    config.update_from_flattened_dict(TINY)
    configuration.check(config)
    source, system = build_source(config.data), build_system(config)
    clip = jax.ShapeDtypeStruct((1, *source.shape), np.uint8)
    abstract = jax.eval_shape(system.init, jax.random.key(0), clip)
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda x: (0.2 * rng.normal(size=x.shape)).astype(x.dtype), abstract)
    directory = tmp_path_factory.mktemp("run")
    workdir.open_run(directory, config)
    state = {"params": params, "step": np.int32(STEP)}
    metadata = {"sequences_seen": 8, "wall_seconds": 100.0}
    checkpoints.save(directory / "checkpoints", STEP, state, metadata)
    return types.SimpleNamespace(
        config=config, source=source, system=system, params=params, directory=directory, step=STEP
    )


@pytest.fixture(scope="module")
def clips(tiny_run):
    """Five normal test sequences, uint8."""
    return evaluation_clips(tiny_run.source, "test", 5).clip


@pytest.fixture(scope="module")
def scorer(tiny_run):
    """The scorer of `tiny_run`."""
    return build_scorer(tiny_run.config, tiny_run.system, tiny_run.params)
