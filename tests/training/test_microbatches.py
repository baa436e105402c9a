"""Microbatches against the whole batch at once: the same losses, gradients, memory and metrics, to rounding."""

import jax
import numpy as np
import pytest

from tests.tiny import random_params, tiny_config
from vpn_anomaly import catalogue
from vpn_anomaly import config as configuration
from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.errors import UserError
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.training.optimizer import build_optimizer
from vpn_anomaly.training.settings import build_settings, check_divides
from vpn_anomaly.training.state import new_state
from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

BATCH = 4
# Of the parameters after a step hardly anything is left but the gradient, times the rate.
FIELDS = {
    "data.height": 16,
    "data.width": 16,
    "data.frames": 6,
    "model.composite.past": 3,
    "model.unet.hidden_blocks": (4, 8),
    "train.targets": (4, 5),
    "train.batch_size": BATCH,
    "train.optimizer": "sgd",
    "train.learning_rate": 1000.0,
    "train.warmup_steps": 0,
    "train.clip_norm": 1e9,
}


def sequences():
    """A batch; all sequences differ."""
    clip = np.random.default_rng(0).integers(0, 256, (BATCH, 6, 16, 16, 1), dtype=np.uint8)
    number_B = np.arange(BATCH)
    return {"clip": clip, "shift": random_shifts(0, "train", number_B, 6, (4, 5)), "index": number_B}


def one_step(config, microbatches):
    """The parameters, the carried memory and the metrics after one step."""
    system, optimizer, mesh = build_system(config), build_optimizer(config.train), data_mesh()
    batch = sequences() | {"continues": np.arange(BATCH) % 2 == 1}
    carried = system.initial_carried(BATCH, 16, 16)
    carried = jax.tree.map(lambda x: np.linspace(0, 1, x.size, dtype=x.dtype).reshape(x.shape), carried)
    state = new_state(system, optimizer, 0, batch["clip"], carried, random_params(config, system))
    state = jax.device_put(state, state_sharding(mesh))
    step = build_train_step(system, optimizer, mesh, 0, microbatches)
    state, metrics = step(state, jax.device_put(batch, batch_sharding(mesh)))
    return jax.device_get((state.params, state.carried, metrics))


def test_a_step_in_parts_is_the_step():
    config = tiny_config(FIELDS, train__carried=True, train__motion_share=0.5, train__mask_dropout=0.5)
    whole, parts = one_step(config, 1), one_step(config, 2)
    largest = max(np.abs(leaf).max() for leaf in jax.tree.leaves(whole[0]))
    assert largest > 10
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5 * largest), whole, parts)


@pytest.mark.parametrize("system", [row.name for row in catalogue.SYSTEMS if not row.fits])
def test_the_loss_of_a_batch_is_the_mean_of_the_losses_of_its_parts(system):
    config = tiny_config(FIELDS, system=system)
    built = build_system(config)
    loss, params, key = jax.jit(built.loss), random_params(config, built), jax.random.key(1)
    batch = sequences()
    parts = [
        loss(params, {name: x[part] for name, x in batch.items()}, key)
        for part in np.split(np.arange(BATCH), 2)
    ]
    assert float(loss(params, batch, key)) == pytest.approx(float(np.mean(parts)), rel=1e-5)
    assert abs(float(parts[0] - parts[1])) > 1e-4 * abs(float(parts[0]))


def test_a_batch_divides_over_devices_and_microbatches():
    settings = build_settings(tiny_config(train__batch_size=12, train__microbatches=3))
    check_divides(settings, 4)
    with pytest.raises(
        UserError, match="train.batch_size=12 over 8 devices in train.microbatches=3 .* multiple of 24"
    ):
        check_divides(settings, 8)
    with pytest.raises(UserError, match="train.batch_size=2 over 3 devices: set a multiple of 3"):
        check_divides(build_settings(tiny_config()), 3)


@pytest.mark.parametrize(
    "fields, told",
    [
        ({"train.microbatches": 3}, "microbatches is 3, but has to divide train.batch_size, which is 4"),
        (
            {"train.microbatches": 2, "train.skipped": 0.25, "data.source": "video", "data.path": "x.mp4"},
            "microbatches is 2, but with train.skipped .0.25.",
        ),
    ],
)
def test_what_cannot_be_taken_in_parts_is_refused(fields, told):
    config = tiny_config({"train.batch_size": BATCH, **fields})
    with pytest.raises(UserError, match=told):
        configuration.check(config)
