"""The start of the output layer."""

import jax
import numpy as np

from vpn_anomaly.models.output_layer import log_histogram, smooth_kernel


def test_log_histogram_counts_every_colour_by_itself():
    clip = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 3), dtype=np.uint8)
    histogram = np.exp(log_histogram(clip))
    for colour in range(3):
        counts, _ = np.histogram(clip[..., colour], bins=256, range=(0, 256))
        expected = 0.999 * counts / counts.sum() + 0.001 / 256
        np.testing.assert_allclose(histogram[colour], expected, rtol=1e-4)


def test_output_weights_are_smooth_in_intensity():
    kernel = np.asarray(smooth_kernel(jax.random.key(0), (6, 3, 256)))
    assert np.abs(np.diff(kernel, axis=-1)).max() < 0.1 * np.abs(kernel).max()
