"""Value and gradient of the package's ConvLSTM against Flax's cell in a scan."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from experiments.benchmarks import naive_flax
from vpn_anomaly.models.conv_lstm import ConvLSTM


def programs() -> dict[str, Callable]:
    """`ours` and `naive_flax`: 4 sequences of 19 steps, 64×64, 16 channels in and out."""
    channels = 16
    x = jax.random.normal(jax.random.key(0), (4, 19, 64, 64, channels))
    ours = ConvLSTM(channels)
    params = ours.init(jax.random.key(1), x)["params"]
    naive = naive_flax.ConvLSTM(channels)
    naive_params = naive_flax.naive_parameters({"conv_lstm": params})["conv_lstm"]

    def runner(outputs, params):
        energy = lambda params, x: jnp.sum(outputs({"params": params}, x) ** 2)
        gradient = jax.jit(jax.value_and_grad(energy, argnums=(0, 1)))
        return lambda: gradient(params, x)

    our_outputs = lambda params, x: ours.apply(params, x)[0]
    return {"ours": runner(our_outputs, params), "naive_flax": runner(naive.apply, naive_params)}
