"""The PyTorch training step of the benchmark against the package's: loss, gradient norm, and the step after it."""

import jax
import numpy as np
import pytest

from experiments.benchmarks.naive_flax import drawn_pixels
from experiments.benchmarks.training_step import package_step
from tests.experiments.benchmarks.test_naive_flax import batch_of, small
from tests.tiny import randomised
from vpn_anomaly.systems.build import build_system

torch = pytest.importorskip("torch", reason="PyTorch is in the extra bench")


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_losses_and_gradient_norms_are_those_of_the_package(channels):
    from experiments.benchmarks.torch_training import TorchTraining

    config, steps = small(channels), 3
    config.train.steps, config.train.warmup_steps = 10**6, 0  # as good as a constant learning rate
    system, batch = build_system(config), batch_of(config)
    params = system.init(jax.random.key(0), batch["clip"])
    params = jax.tree.map(np.add, params, randomised(params, 0.1))
    torch_training = TorchTraining(config, params, batch)
    step = package_step(config, params, batch)
    for number in range(steps):
        key = jax.random.fold_in(jax.random.key(config.seed), number)
        size, targets = config.data.height * config.data.width, len(config.train.targets)
        pixels = drawn_pixels(key, batch["index"], targets, size, config.train.loss_pixels)
        got = torch_training.step_at(torch.tensor(np.asarray(pixels), dtype=torch.int64))
        expected = step()
        np.testing.assert_allclose(got["loss"], expected["loss"], rtol=1e-5, err_msg=f"step {number}")
        np.testing.assert_allclose(got["gradient_norm"], expected["gradient_norm"], rtol=1e-4)
