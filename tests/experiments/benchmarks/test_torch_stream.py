"""The PyTorch stream of the benchmark against the package's: the same maps, frame by frame."""

import jax
import numpy as np
import pytest

from tests.experiments.benchmarks.test_naive_flax import small
from tests.tiny import randomised
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.systems.build import build_system

pytest.importorskip("torch", reason="PyTorch is in the extra bench")


@pytest.mark.slow
@pytest.mark.parametrize(
    "channels, masked, horizon", [(1, True, 1), (3, True, 1), (1, False, 1), (1, True, 3)]
)
def test_the_maps_are_those_of_the_package(channels, masked, horizon):
    from experiments.benchmarks.torch_stream import TorchStream

    config = small(channels)
    config.model.use_masked_frame, config.model.horizon = masked, horizon
    config.model.context = 2 + horizon
    system, shifts = build_system(config), fixed_shifts(2, tuple(config.data.lattice))
    height, width = 24, 32
    frames = np.random.default_rng(0).integers(0, 256, (6, height, width, channels), dtype=np.uint8)
    params = system.init(jax.random.key(0), frames[None, :4])
    params = jax.tree.map(np.add, params, randomised(params, 0.1))
    stream = TorchStream(config, params, shifts, height, width)
    state, step = system.initial_stream(1, height, width), jax.jit(system.stream_step)
    for frame in frames:
        state, expected = step(params, state, frame[None], shifts)
        maps = stream(frame, tail=True)
        values = {**expected.value, "entropy": expected.mean["nll"], "variance": expected.variance["missing"]}
        for name, map_HxW in maps.items():
            np.testing.assert_allclose(map_HxW, values[name][0], rtol=2e-3, atol=2e-4, err_msg=name)
    assert set(stream(frames[0], tail=False)) == set(maps) - {"tail", "entropy"}
