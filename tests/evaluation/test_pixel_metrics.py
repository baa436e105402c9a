"""Pixel AUROC frame by frame against scikit-learn on all pixels at once; masks at another size."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vpn_anomaly.evaluation.pixel_metrics import PixelAuroc, at_size


@pytest.mark.parametrize("scale, shift", [(1.0, 0.0), (1.0, -5.0), (300.0, 2.0)])
def test_it_is_that_of_all_pixels(scale, shift):
    rng = np.random.default_rng(0)
    map_NxHxW = (scale * rng.normal(size=(6, 30, 40)) + shift).astype(np.float32)
    map_NxHxW[:, :5] = 0.0  # ties
    map_NxHxW[:, 3] = -0.0
    mask_NxHxW = rng.random(map_NxHxW.shape) < 0.1
    map_NxHxW += (scale * mask_NxHxW).astype(np.float32)
    counted_NxHxW = rng.random(map_NxHxW.shape) < 0.9
    auroc, of_others = PixelAuroc(), PixelAuroc()
    for place, frame in enumerate(zip(map_NxHxW, mask_NxHxW, counted_NxHxW)):
        (auroc if place % 2 else of_others).add(*frame)
    auroc.take_in(of_others)
    expected = roc_auc_score(mask_NxHxW[counted_NxHxW], map_NxHxW[counted_NxHxW])
    assert auroc.value == pytest.approx(expected, abs=1e-4)


def test_equal_values_count_half_whatever_their_sign():
    auroc = PixelAuroc()
    auroc.add(np.array([[0.0, -0.0]]), np.array([[True, False]]), np.ones((1, 2), bool))
    assert auroc.value == 0.5


def test_without_pixels_of_a_kind_it_is_undefined():
    auroc = PixelAuroc()
    auroc.add(np.ones((2, 2)), np.zeros((2, 2), bool), np.ones((2, 2), bool))
    assert auroc.value is None
    auroc.add(np.ones((2, 2)), np.ones((2, 2), bool), np.zeros((2, 2), bool))  # none of them counts
    assert auroc.value is None


def test_a_mask_at_half_the_size_is_where_at_least_half_is_masked():
    mask_HxW = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0], [1, 1, 0, 0]], bool)
    assert at_size(mask_HxW, 2, 2).tolist() == [[True, False], [True, False]]
    np.testing.assert_array_equal(at_size(mask_HxW, 4, 4), mask_HxW)


def test_a_mask_at_an_odd_size_covers_the_same_part():
    mask_HxW = np.zeros((480, 856), bool)
    mask_HxW[100:300, 200:600] = True
    small = at_size(mask_HxW, 135, 240)
    assert small.shape == (135, 240) and small.dtype == bool
    rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
    np.testing.assert_allclose([rows[0], rows[-1] + 1], [100 * 135 / 480, 300 * 135 / 480], atol=1)
    np.testing.assert_allclose([columns[0], columns[-1] + 1], [200 * 240 / 856, 600 * 240 / 856], atol=1)
