"""Corruptions against what they must leave, and against a loop over pixels."""

import numpy as np
import pytest

from vpn_anomaly.data.corruptions import CORRUPTIONS, FILLS, Square, corrupt
from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.moving_mnist import MovingMNIST
from vpn_anomaly.data.random_bits import random_bits
from vpn_anomaly.errors import UserError

INDEX = np.arange(300)


def clips(channels):
    source = MovingMNIST(load_digits("embedded"), channels=channels)
    return source.clips(0, "validation", INDEX)


def with_square(frame, word, before=1, after=1, fill=lambda row, column: 0):
    """A copy with a square, by default black, on the bright pixel that a random word chooses, by a loop."""
    height, width, channels = frame.shape
    bright = [
        (row, column)
        for row in range(height)
        for column in range(width)
        if max(int(value) for value in frame[row, column]) >= 128
    ]
    centre_row, centre_column = bright[int(word) * len(bright) >> 32]
    result = frame.copy()
    for row in range(centre_row - before, centre_row + after + 1):
        for column in range(centre_column - before, centre_column + after + 1):
            if 0 <= row < height and 0 <= column < width:
                result[row, column] = fill(row, column)
    return result


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_corrupted_frames_equal_a_loop(kind, channels):
    clip = clips(channels)[:40]
    corrupted, changed = corrupt(clip, kind, 5, "validation", INDEX[:40])
    words = random_bits(5, "validation", INDEX[:40], "corruption", 2)
    for number, (half, word) in enumerate(words):
        one = {"mixed": "temporal" if half < 2**31 else "spatial"}.get(kind, kind)
        expected = clip[number, 0 if one in ("temporal", "both") else -1]
        if one in ("spatial", "both"):
            expected = with_square(expected, word)
        np.testing.assert_array_equal(corrupted[number, -1], expected)
    np.testing.assert_array_equal(changed, (corrupted[:, -1] != clip[:, -1]).any(axis=-1))
    np.testing.assert_array_equal(corrupted[:, :-1], clip[:, :-1])
    assert corrupted.dtype == np.uint8 and changed.dtype == bool


@pytest.mark.parametrize("size, before, after", [(2, 0, 1), (3, 1, 1), (5, 2, 2)])
@pytest.mark.parametrize("fill", FILLS)
def test_squares_of_other_sizes_and_fills_equal_a_loop(size, before, after, fill):
    clip = clips(1)[:40]
    corrupted, changed = corrupt(clip, "spatial", 5, "validation", INDEX[:40], Square(size, fill))
    words = random_bits(5, "validation", INDEX[:40], "corruption", 2)
    noise = random_bits(5, "validation", INDEX[:40], "noise", 64 * 64)
    for number, (_, word) in enumerate(words):
        of_fill = {
            "black": lambda row, column: 0,
            "grey": lambda row, column: 128,
            "noise": lambda row, column: int(noise[number, 64 * row + column]) >> 24,
        }[fill]
        expected = with_square(clip[number, -1], word, before, after, of_fill)
        np.testing.assert_array_equal(corrupted[number, -1], expected)
    assert changed.any((1, 2)).all() and changed.sum((1, 2)).max() <= size**2


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_every_corruption_changes_at_least_one_pixel(kind):
    clip = clips(1)
    kept = clip.copy()
    _, changed = corrupt(clip, kind, 5, "validation", INDEX)
    assert changed.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(clip, kept)
    if kind == "spatial":
        assert changed.sum(axis=(1, 2)).max() <= 9


def test_a_square_is_clipped_at_the_edge_of_the_frame():
    clip = np.full((1, 2, 6, 7, 1), 100, np.uint8)
    for row, column, pixels in [(0, 0, 4), (5, 6, 4), (0, 3, 6), (3, 6, 6), (2, 2, 9)]:
        bright = clip.copy()
        bright[0, -1, row, column] = 128
        corrupted, changed = corrupt(bright, "spatial", 0, "test", [3])
        assert changed.sum() == pixels
        near = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        assert changed[0][near].all() and not corrupted[0, -1][near].any()


def test_the_centre_is_uniform_over_bright_pixels():
    frame = np.full((20, 20), 127, np.uint8)
    places = [(2, 3), (2, 15), (11, 9), (18, 18)]
    for place in places:
        frame[place] = 200
    clip = np.broadcast_to(frame[None, None, :, :, None], (4000, 2, 20, 20, 1))
    _, changed = corrupt(clip, "spatial", 0, "test", np.arange(4000))
    counts = [changed[:, row, column].sum() for row, column in places]
    assert sum(counts) == 4000 and np.abs(np.array(counts) - 1000).max() < 120


def test_mixed_is_half_and_half_and_shares_its_draws():
    clip = clips(1)
    made = {kind: corrupt(clip, kind, 5, "validation", INDEX)[0] for kind in CORRUPTIONS}
    temporal = (made["mixed"] == made["temporal"]).all(axis=(1, 2, 3, 4))
    spatial = (made["mixed"] == made["spatial"]).all(axis=(1, 2, 3, 4))
    assert (temporal ^ spatial).all() and abs(temporal.mean() - 0.5) < 0.12


def test_an_unknown_corruption_names_the_allowed_ones():
    with pytest.raises(UserError, match="shake; allowed: temporal, spatial, both, mixed"):
        corrupt(clips(1)[:1], "shake", 0, "test", [0])


def test_a_frame_without_bright_pixels_is_refused():
    clip = np.full((2, 3, 8, 8, 1), 127, np.uint8)
    clip[0, -1, 4, 4] = 255
    with pytest.raises(UserError, match="^sequence 6 has no pixel of at least 128"):
        corrupt(clip, "spatial", 0, "test", [5, 6])
    corrupt(clip, "temporal", 0, "test", [5, 6])
