"""Sequences against a loop over pixels, known bytes and a published entropy."""

import hashlib

import numpy as np
import pytest

from vpn_anomaly.data.digits import Digits, load_digits
from vpn_anomaly.data.moving_mnist import MovingMNIST, overlay, tinted
from vpn_anomaly.errors import UserError

DIGITS = load_digits("embedded")
OTHER = {
    "trajectory": "reflect",
    "speed": (0.05, 0.15),
    "channels": 3,
    "digit_count": 3,
    "height": 48,
    "width": 72,
    "frames": 12,
}


def overlay_loop(glyph, corner, height, width):
    sequences, digits, _, _, channels = glyph.shape
    clip = np.zeros((sequences, corner.shape[1], height, width, channels), np.uint8)
    for sequence, frame, digit in np.ndindex(sequences, corner.shape[1], digits):
        top, left = corner[sequence, frame, digit]
        for row, column, channel in np.ndindex(28, 28, channels):
            place = (sequence, frame, top + row, left + column, channel)
            clip[place] = max(clip[place], glyph[sequence, digit, row, column, channel])
    return clip


@pytest.mark.parametrize("channels", [1, 3])
def test_overlay_is_the_maximum_of_the_digits(channels):
    source = MovingMNIST(DIGITS, frames=4, height=40, width=33, digit_count=3, channels=channels)
    glyph, corner = source.scene(0, "train", [5, 6])
    expected = overlay_loop(glyph, corner, 40, 33)
    np.testing.assert_array_equal(overlay(glyph, corner, 40, 33), expected)
    np.testing.assert_array_equal(source.clips(0, "train", [5, 6]), expected)


@pytest.mark.parametrize(
    "fields, digest",
    [
        ({}, "7b7dcbe8fe391ea62a0ad538a2db23634a7c2e8a5b3887affad6374be0f98dd2"),
        (OTHER, "430097eeae7d010354af41056d81a60de83bdfc26a395c0f5ad9657a86abf1ef"),
    ],
)
def test_the_bytes_of_a_sequence_never_change(fields, digest):
    clip = MovingMNIST(DIGITS, **fields).clips(0, "train", [0, 1_000_003])
    assert hashlib.sha256(clip.tobytes()).hexdigest() == digest


def test_entropy_is_that_of_moving_mnist():
    """Mean H(z, z) of frames 10-19, grey values as probabilities: 86.9 nats a frame, within 1%."""
    clip = MovingMNIST(DIGITS).clips(0, "train", range(3000))[:, 10:]
    grey = np.arange(1, 255) / 255
    entropy = np.zeros(256)
    entropy[1:255] = -grey * np.log(grey) - (1 - grey) * np.log(1 - grey)
    nats = np.bincount(clip.ravel(), minlength=256) @ entropy / 30_000
    assert nats == pytest.approx(86.9, rel=0.01)


def test_a_sequence_does_not_depend_on_its_neighbours():
    source = MovingMNIST(DIGITS, **OTHER)
    alone = source.clips(0, "train", [1_000_003])
    np.testing.assert_array_equal(source.clips(0, "train", [7, 1_000_003, 2])[1:2], alone)


def test_only_the_train_split_depends_on_the_seed():
    source = MovingMNIST(DIGITS)
    for split, same in [("train", False), ("validation", True), ("test", True)]:
        first, second = source.clips(0, split, range(4)), source.clips(1, split, range(4))
        assert np.array_equal(first, second) == same
    assert not np.array_equal(source.clips(0, "validation", [0]), source.clips(0, "train", [0]))


def test_test_sequences_show_test_digits_only():
    marked = Digits(np.full((3, 28, 28), 10, np.uint8), np.full((2, 28, 28), 20, np.uint8))
    source = MovingMNIST(marked)
    for split, value in [("train", 10), ("validation", 10), ("test", 20)]:
        assert set(np.unique(source.clips(0, split, range(3)))) == {0, value}


def test_the_brightest_channel_of_a_coloured_digit_is_its_grey_value():
    grey = MovingMNIST(DIGITS, digit_count=1).clips(0, "train", range(20))
    colour = MovingMNIST(DIGITS, digit_count=1, channels=3).clips(0, "train", range(20))
    assert colour.shape == (20, 20, 64, 64, 3)
    np.testing.assert_array_equal(colour.max(axis=-1, keepdims=True), grey)
    assert (colour.min(axis=-1) < colour.max(axis=-1)).any()


def test_tints_round_to_the_nearest_value():
    grey = np.arange(256, dtype=np.uint8)[None, None, :, None, None]
    for value in (0, 1, 77, 254, 255):
        given = tinted(grey, np.full((1, 1, 1), value, np.uint8))
        np.testing.assert_array_equal(given, np.rint(grey * (value / 255)).astype(np.uint8))


def test_shape_and_length():
    source = MovingMNIST(DIGITS, train_sequences=10_000, **OTHER)
    assert source.shape == (12, 48, 72, 3)
    lengths = [source.length(split) for split in ("train", "validation", "test")]
    assert lengths == [10_000, None, None]
    assert MovingMNIST(DIGITS).length("train") is None


def test_a_frame_smaller_than_a_digit_is_refused():
    with pytest.raises(UserError, match="data.height=27 data.width=64: a digit is 28x28"):
        MovingMNIST(DIGITS, height=27)
    assert MovingMNIST(DIGITS, height=28, width=28).clips(0, "train", [0]).shape[2:4] == (28, 28)
