"""The bits against JAX's own generator, and the two distributions made of them."""

import zlib

import jax
import numpy as np
import pytest

from vpn_anomaly.data.random_bits import SPLITS, integers_below, random_bits, uniform


def jax_bits(seed, split, index, stream, count):
    key = jax.random.wrap_key_data(np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32), impl="threefry2x32")
    for number in (SPLITS[split], zlib.crc32(stream.encode()), index):
        key = jax.random.fold_in(key, np.uint32(number))
    with jax.threefry_partitionable(True):
        return np.asarray(jax.random.bits(key, (count,), np.uint32))


@pytest.mark.parametrize("seed", [0, 7, 2**32 + 5])
@pytest.mark.parametrize("split, stream", [("train", "motion"), ("test", "mask")])
def test_bits_are_those_of_jax(seed, split, stream):
    indices = [0, 3, 1_000_003, 2**32 - 1]
    expected = np.stack([jax_bits(seed, split, index, stream, 9) for index in indices])
    np.testing.assert_array_equal(random_bits(seed, split, indices, stream, 9), expected)


def test_every_part_of_the_name_of_a_draw_matters():
    draws = [
        random_bits(0, "train", [0], "motion", 4),
        random_bits(1, "train", [0], "motion", 4),
        random_bits(0, "test", [0], "motion", 4),
        random_bits(0, "train", [1], "motion", 4),
        random_bits(0, "train", [2**32], "motion", 4),
        random_bits(0, "train", [0], "digit", 4),
        random_bits(0, "train", [0], 5, 4),
    ]
    assert len(np.unique(np.concatenate(draws))) == 4 * len(draws)


def test_a_longer_draw_begins_with_the_shorter():
    long = random_bits(3, "validation", range(5), "motion", 40)
    np.testing.assert_array_equal(random_bits(3, "validation", range(5), "motion", 7), long[:, :7])


def test_uniform_and_integers_cover_their_ranges():
    bits = np.array([0, 1, 2**31, 2**32 - 1], np.uint32)
    values = uniform(bits)
    assert values.dtype == np.float64 and values.max() < 1
    assert values[0] == 0 and values[2] == 0.5
    np.testing.assert_array_equal(integers_below(bits, 10), [0, 0, 5, 9])
    np.testing.assert_array_equal(integers_below(bits, 2**31)[-1], 2**31 - 1)
    counts = np.bincount(integers_below(random_bits(0, "train", range(6000), "digit", 1)[:, 0], 6))
    assert np.abs(counts - 1000).max() < 120  # four standard deviations
