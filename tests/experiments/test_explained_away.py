"""How far shown pixels explain a replaced frame away, against the network and a whole softmax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import explained_away
from tests.tiny import random_params, randomised, tiny_config
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.lattice import fixed_shifts, shown
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.systems.build import build_system

COUNT = 3


@jax.jit
def logits_of(features, output_layer):
    kernel, bias = output_layer
    return jax.nn.log_softmax(jnp.einsum("bhwd,dcv->bhwcv", features, kernel) + bias)


def test_the_cases_are_surprises_of_hidden_pixels_given_the_shown():
    config = tiny_config()
    system = build_system(config)
    params = randomised(random_params(config, system), scale=0.6)  # so that shown pixels matter
    clip = evaluation_clips(build_source(config.data), "validation", COUNT).clip
    shown_HxW = shown(*clip.shape[2:4], fixed_shifts(1, (4, 5)), (4, 5))[0]
    mask, frames = np.repeat(shown_HxW[None], COUNT, 0), clip.astype(np.float32) / 255
    predict = jax.jit(lambda given: system.network.apply({"params": params}, frames[:, :-1], given, mask))
    expected = []
    for given, value in ((-1, -1), (0, 0), (-1, 0)):
        (features, _), output_layer = predict(frames[:, given])
        log_q = np.asarray(logits_of(features, output_layer))
        surprise = -np.take_along_axis(log_q, clip[:, value][..., None].astype(int), axis=-1)
        expected.append(surprise[~mask].mean())
    found = explained_away.explained_away(config, params, COUNT)
    assert list(found) == list(explained_away.CASES)
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-5)
    assert min(np.abs(np.diff(np.sort(expected)))) > 1e-3


@pytest.mark.parametrize("flag", ["--sequences=0", "--checkpoint=nowhere"])
def test_what_cannot_be_measured_is_one_line(capsys, flag):
    try:
        code = explained_away.main([flag])
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2 and error.count("\n") == 1 and flag.partition("=")[2] in error
