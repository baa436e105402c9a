"""The measured range of motion against motions made by hand."""

import numpy as np
import pytest

from vpn_anomaly.data.video.motion import REACH, measured_radius


def ground(height=120, width=160, seed=0):
    """Blurred noise: texture that no displacement but its own matches."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width))
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(3)) / 3
    return noise


def rolling(down, right, frames=8):
    return np.stack(
        [np.roll(ground(), (number * down, number * right), (0, 1)) for number in range(frames)]
    ).astype(np.uint8)[..., None]


@pytest.mark.parametrize("motion, expected", [((0, 3), 4), ((-5, 1), 6), ((0, 0), 1), ((2, -2), 3)])
def test_a_moving_scene(motion, expected):
    assert measured_radius([rolling(*motion)]) == expected


def test_the_fastest_of_several_videos_counts_and_noise_does_not():
    still = np.random.default_rng(1).integers(100, 104, (9, 80, 90, 1), dtype=np.uint8)
    assert measured_radius([still]) == 1
    assert measured_radius([still, rolling(0, 7), rolling(1, 0)]) == 8


def test_a_thing_that_moves_before_a_still_ground():
    video = np.repeat(rolling(0, 0, frames=1), 6, axis=0)
    for frame in range(6):
        left = 20 + 6 * frame
        video[frame, 40:80, left : left + 40, 0] = ground(40, 40, seed=2)
    assert measured_radius([video]) == 7


def test_what_is_too_fast_gives_no_more_than_the_reach():
    assert measured_radius([rolling(0, REACH)]) == REACH


def test_a_single_frame_and_a_tiny_one_have_no_motion():
    assert measured_radius([rolling(0, 3, frames=1)]) == 1
    assert measured_radius([rolling(0, 3)[:, :20, :20]]) == 1
