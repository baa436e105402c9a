"""The measured range of motion against motions made by hand."""

import numpy as np
import pytest

from vpn_anomaly.data.video.motion import FARTHEST, REACH, measured_radius


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


def walkers(speed, noise, frames=9, seed=0):
    """Two textured things of 24×20 pixels that walk over a still ground at about a speed, with noise on all."""
    random = np.random.default_rng(seed)
    video = np.repeat(rolling(0, 0, frames=1).astype(float), frames, axis=0)[..., 0]
    things = [ground(24, 20, seed=seed + number) for number in (1, 2)]
    for frame in range(frames):
        step = round(speed * frame)
        video[frame, 20:44, 8 + step : 28 + step] = things[0]
        video[frame, 70 - step // 2 : 94 - step // 2, 130 - step : 150 - step] = things[1]
    video += random.normal(0, noise, video.shape)
    return video.clip(0, 255).astype(np.uint8)[..., None]


@pytest.mark.parametrize("noise", [0, 3, 10])
@pytest.mark.parametrize("speed, horizon, expected", [(1.5, 1, 3), (1.5, 4, 7), (5, 1, 6), (3, 3, 10)])
def test_noise_does_not_change_what_moves_how_far(speed, horizon, expected, noise):
    videos = [walkers(speed, noise, frames=2 * horizon + 7, seed=10 * seed) for seed in range(3)]
    assert measured_radius(videos, horizon) in (expected, expected + 1)


@pytest.mark.parametrize("horizon, expected", [(1, 3), (4, 7)])
def test_leaves_that_tremble_match_many_places_by_half(horizon, expected):
    videos = [walkers(1.5, noise=3, frames=2 * horizon + 7, seed=10 * seed) for seed in range(3)]
    for seed, video in enumerate(videos):
        leaves = np.random.default_rng(seed).normal(size=(len(video), 40, 160))
        for axis in (1, 1, 2, 2):
            leaves = sum(np.roll(leaves, shift, axis) for shift in range(6)) / 6
        video[:, 80:] = (120 + 400 * leaves).clip(0, 255)[..., None]
    assert measured_radius(videos, horizon) == expected


def test_noise_light_and_fences_do_not_move():
    random = np.random.default_rng(3)
    noise = random.normal(100, 12, (20, 80, 96)).clip(0, 255)
    light = ground(80, 96)[None] * 0.6 + 40 * np.sin(np.arange(20))[:, None, None] + 50 + random.normal(0, 2)
    fence = np.tile(100 + 80 * (np.arange(96) % 6 < 3), (20, 80, 1)) + random.normal(0, 4, (20, 80, 96))
    shaken = np.stack([np.roll(frame, random.integers(0, 6), axis=1) for frame in fence])
    for video in (noise, light, shaken):
        for horizon in (1, 4):
            assert measured_radius([video.clip(0, 255).astype(np.uint8)[..., None]], horizon) == 1


def test_what_changes_its_way_at_every_frame_counts_no_more_than_noise():
    random = np.random.default_rng(4)
    jumps = [np.roll(ground(), tuple(random.integers(-12, 13, 2)), (0, 1)) for _ in range(8)]
    steady = [rolling(0, 2, frames=60)] * 3
    assert measured_radius([np.stack(jumps).astype(np.uint8)[..., None], *steady]) == 3


def test_what_is_too_fast_gives_no_more_than_the_reach():
    assert measured_radius([rolling(0, REACH)]) == REACH
    assert measured_radius([rolling(0, 8)], 3) == FARTHEST


def test_a_single_frame_and_a_tiny_one_have_no_motion():
    assert measured_radius([rolling(0, 3, frames=1)]) == 1
    assert measured_radius([rolling(0, 3)[:, :12, :12]]) == 1
