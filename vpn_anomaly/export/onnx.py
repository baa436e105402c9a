"""Programs as ONNX, by jax2onnx, for onnxruntime. Choices by platform are made before: those of a graph.

jax2onnx 0.17.1 makes loops that onnxruntime 1.32 refuses (Expand: incompatible dimensions), so that it is given
a program without any (`loopless.py`). It needs another Orbax than this package: an environment of its own.
"""

import importlib.util
import logging
from collections.abc import Callable

import jax
import numpy as np
from jax.extend.core import jaxpr_as_fun

from vpn_anomaly.errors import UserError
from vpn_anomaly.export.loopless import loopless, without_large_constants
from vpn_anomaly.export.programs import Program
from vpn_anomaly.ops.platform import traced_for

NEEDED = ("jax2onnx", "onnxruntime")


def check() -> None:
    """UserError where the converter is not installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"--format=onnx needs {' and '.join(missing)}, which cannot be installed beside this package's Orbax;"
            " make an environment with experiments/onnx_environment.sh, and export with its Python"
        )


def serialised(program: Program) -> bytes:
    """The program with its weights inside; inputs and outputs have the names of about.json."""
    from jax2onnx import to_onnx

    weights = jax.device_get(program.weights)
    inputs = list(program.inputs.values())
    with traced_for("graph"):
        traced = jax.make_jaxpr(lambda *arrays: program.function(weights, *arrays))(*inputs)
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # notes on shapes that it leaves out
    model = to_onnx(
        jaxpr_as_fun(without_large_constants(loopless(traced))),
        inputs,
        input_names=list(program.inputs),
        output_names=list(program.outputs),
    )
    return model.SerializeToString()


def call_of(content: bytes) -> Callable:
    """The function of a serialised program, from its inputs to a list of its outputs, on numpy arrays."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(content, options)
    names = [of.name for of in session.get_inputs()]
    return lambda *arrays: session.run(None, dict(zip(names, map(np.asarray, arrays), strict=True)))
