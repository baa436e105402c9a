"""The scores that the weights in the package give in bfloat16, against those in float32."""

import jax
import numpy as np
import pytest

from vpn_anomaly.data.build import build_source
from vpn_anomaly.scoring import scores
from vpn_anomaly.scoring.trained_model import trained_export
from vpn_anomaly.storage import exported_weights
from vpn_anomaly.systems.build import build_system

SEQUENCES = 6
# Means over a frame, nats; scores of the largest window, in parts of 1 + |score|. Measured: 0.0004 and 0.004.
MEANS, WINDOWS = 0.001, 0.01


@pytest.mark.slow
def test_scores_in_bfloat16_are_those_in_float32_up_to_the_stated_tolerance():
    folder = exported_weights.folder_of("pretrained")
    config = exported_weights.stored_config(exported_weights.read_about(folder)["config"], folder)
    params = trained_export(config, folder).params
    clip = build_source(config.data).clips(7, "validation", np.arange(SEQUENCES))
    clip[::2, -1] = clip[::2, 0]  # every other is anomalous
    shift = np.array([[1, 2]])

    def of_dtype(dtype):
        config.model.dtype = dtype
        system = build_system(config)
        of_maps = jax.jit(lambda params, clip: scores.frame_scores(system.maps(params, clip, shift, (19,))))
        return jax.device_get(of_maps(params, clip))

    exact, rounded = of_dtype("float32"), of_dtype("bfloat16")
    for name in exact:
        difference = np.abs(rounded[name] - exact[name])
        limit = WINDOWS * (1 + np.abs(exact[name])) if name.endswith("_z") else MEANS
        assert (difference <= limit).all(), name
    assert any((rounded[name] != exact[name]).any() for name in exact)
