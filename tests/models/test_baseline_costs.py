"""The closed form of the other systems against a count over their programs, loops included."""

import math

import jax
import numpy as np
import pytest

from vpn_anomaly.config import check, defaults
from vpn_anomaly.systems.build import build_system, step_size

SMALL = {
    "data.height": 32,
    "data.width": 32,
    "data.frames": 12,
    "model.encoder.channels": 4,
    "model.encoder.dilations": (1,),
    "model.lstm.channels": 5,
    "model.head.pixel_channels": 3,
    "model.decoder.blocks": 2,
    "model.decoder.channels": 3,
    "model.composite.past": 5,
    "model.composite.future": 3,
    "model.autoencoder.channels": 3,
    "model.autoencoder.code": 5,
    "train.targets": (10, 11),
    "train.batch_size": 2,
    "train.loss_pixels": 0,
}
SYSTEMS = {
    "vpn": {"system": "vpn"},
    "vpn, colour": {"system": "vpn", "data.channels": 3, "model.stem": 2},
    "conv_lstm": {"system": "conv_lstm_autoencoder"},
    "conv_lstm, conditioned": {
        "system": "conv_lstm_autoencoder",
        "data.channels": 3,
        "model.composite.conditioned": True,
        "model.composite.layers": 1,
    },
    "blocks": {
        "system": "block_inpainting",
        "model.unet.channels": (4, 6, 8),
        "model.unet.hidden_blocks": (4, 12),
    },
    "blocks, colour": {
        "system": "block_inpainting",
        "data.channels": 3,
        "model.stem": 2,
        "data.height": 30,
        "data.width": 33,
        "train.loss_pixels": 512,
        "model.unet.channels": (4, 6),
        "model.unet.hidden_blocks": (4, 12),
    },
    "frame": {"system": "frame_autoencoder"},
    "frame, colour": {"system": "frame_autoencoder", "data.channels": 3},
}


def operations(jaxpr):
    """Two for each multiply-add of the products and convolutions; a loop's body times its length."""
    total = 0
    for equation in jaxpr.eqns:
        name, parameters = equation.primitive.name, equation.params
        shapes = [variable.aval.shape for variable in equation.invars]
        output = math.prod(equation.outvars[0].aval.shape) if equation.outvars else 0
        if name == "dot_general":
            contracted = parameters["dimension_numbers"][0][0]
            total += 2 * output * math.prod(shapes[0][axis] for axis in contracted)
        elif name == "conv_general_dilated":
            numbers = parameters["dimension_numbers"]
            features = shapes[1][numbers.rhs_spec[0]]
            # A transposed convolution puts zeros between its inputs; products with them are none.
            total += 2 * output * math.prod(shapes[1]) // features // math.prod(parameters["lhs_dilation"])
        elif name == "scan":
            total += parameters["length"] * operations(parameters["jaxpr"].jaxpr)
        elif name == "cond":  # one branch a platform
            total += max(operations(branch.jaxpr) for branch in parameters["branches"])
        else:
            for value in parameters.values():
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    total += operations(inner)
    return total


@pytest.mark.parametrize("name", SYSTEMS)
def test_parameters_and_operations(name):
    config = defaults()
    config.update_from_flattened_dict({**SMALL, **SYSTEMS[name]})
    check(config)
    system, rows = build_system(config), None
    data = config.data
    clip = np.zeros((2, data.frames, data.height, data.width, data.channels), np.uint8)
    params = jax.eval_shape(system.init, jax.random.key(0), clip)
    rows = system.costs(step_size(config))
    assert sum(row.cost.parameters for row in rows) == sum(
        math.prod(leaf.shape) for leaf in jax.tree.leaves(params)
    )
    batch = {"clip": clip, "index": np.arange(2), "shift": np.zeros((2, data.frames, 2), np.int32)}
    program = jax.make_jaxpr(lambda p: system.loss(p, batch, jax.random.key(0)))(params)
    counted, forward = operations(program.jaxpr), sum(row.cost.forward for row in rows)
    np.testing.assert_allclose(forward, counted, rtol=1e-3)
