"""Scores without learning against loops over pixels."""

import numpy as np
import pytest

from tests.score_columns import BASELINE_NAMES
from vpn_anomaly.scoring import baselines
from vpn_anomaly.scoring.block_matching import extrapolated, motion_compensated_residual


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("frame", [1, 2, 4])
def test_scores_equal_a_loop(frame, channels):
    """Frame 1 has one frame before it, 2 has two, 4 has more than are looked at."""
    clip = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 7, channels), dtype=np.uint8)
    scores = baselines.baseline_scores(clip, frame)
    assert tuple(scores) == BASELINE_NAMES
    for index in range(2):
        this, before = clip[index, frame].tolist(), clip[index, frame - 1].tolist()
        difference = [
            [sum(abs(a - b) for a, b in zip(this[y][x], before[y][x])) / channels for x in range(7)]
            for y in range(6)
        ]
        windows = [
            sum(difference[y + dy][x + dx] for dy in range(3) for dx in range(3)) / 9
            for y in range(4)
            for x in range(5)
        ]
        mean = sum(map(sum, difference)) / 42
        assert scores["frame_difference"][index] == pytest.approx(mean)
        assert scores["frame_difference_windowed"][index] == pytest.approx(max(windows))
        ink = [sum(clip[index, time].ravel().tolist()) for time in (frame, frame - 1)]
        assert scores["ink_change"][index] == pytest.approx(abs(ink[0] - ink[1]) / (42 * channels))
        expected = extrapolated(clip[index : index + 1, max(frame - 3, 0) : frame])[0].ravel().tolist()
        squares = [(a - b) ** 2 for a, b in zip(clip[index, frame].ravel().tolist(), expected)]
        assert scores["constant_velocity"][index] == pytest.approx(sum(squares) / len(squares))
        residual = motion_compensated_residual(*clip[index, frame - 1 : frame + 1, None][::-1])
        assert scores["motion_compensated_residual"][index] == residual[0]


def gliding_square(frames):
    """A textured square that moves down by 2 and right by 3 pixels a frame."""
    square = np.random.default_rng(1).integers(100, 256, (8, 8, 1))
    clip = np.zeros((1, frames, 40, 40, 1), np.uint8)
    for frame in range(frames):
        clip[0, frame, 3 + 2 * frame :, 3 + 3 * frame :][:8, :8] = square
    return clip


def test_a_rigid_motion_is_seen_by_the_frame_difference_alone():
    scores = baselines.baseline_scores(gliding_square(6), 5)
    for name in ("ink_change", "motion_compensated_residual", "constant_velocity"):
        assert scores[name] == 0, name
    assert scores["frame_difference"] > 0


def test_an_earlier_frame_in_the_last_place_is_seen_by_both_matchings():
    clip = gliding_square(6)
    clip[:, 5] = clip[:, 0]
    scores = baselines.baseline_scores(clip, 5)
    assert scores["ink_change"] == 0
    assert scores["motion_compensated_residual"] > 100**2
    # The square is missing where it is expected and stands where it is not: 64 pixels each.
    assert scores["constant_velocity"] > 100**2 * 2 * 64 / 40**2


def test_a_missing_part_changes_the_ink_and_leaves_a_residual():
    clip = gliding_square(6)
    hole = clip[0, 5, 15:18, 20:23]
    lost = int(hole.sum())
    hole[:] = 0
    scores = baselines.baseline_scores(clip, 5)
    assert scores["ink_change"] == pytest.approx(lost / 40**2)
    assert scores["motion_compensated_residual"] > 0


def test_the_scored_frame_and_later_ones_do_not_tell_the_motion():
    """What is expected of frame 3 is the same whatever comes after frame 2."""
    clip = gliding_square(6)
    expected = clip[:, 3].astype(int)
    clip[:, 3:] = 0
    scores = baselines.baseline_scores(clip, 3)
    assert scores["constant_velocity"] == pytest.approx((expected**2).mean())


def test_with_one_frame_before_it_nothing_is_taken_to_move():
    clip = gliding_square(2)
    last_two = clip.astype(int)
    still = ((last_two[:, 1] - last_two[:, 0]) ** 2).mean()
    assert baselines.baseline_scores(clip, 1)["constant_velocity"] == pytest.approx(still)


def test_constant_tells_nothing():
    clip = np.random.default_rng(0).integers(0, 256, (5, 2, 4, 4, 1), dtype=np.uint8)
    np.testing.assert_array_equal(baselines.baseline_scores(clip, 1)["constant"], np.zeros(5))


def test_the_first_frame_has_no_difference():
    with pytest.raises(ValueError, match="frame 0"):
        baselines.baseline_scores(np.zeros((1, 2, 4, 4, 1), np.uint8), 0)


def test_of_videos_there_are_those_of_one_frame_before():
    clip = np.random.default_rng(1).integers(0, 256, (3, 4, 9, 8, 1), dtype=np.uint8)
    of_clips = baselines.baseline_scores(clip, 3)
    of_frames = baselines.video_baseline_scores(clip[:, 3], clip[:, 2])
    assert (
        tuple(of_frames) == baselines.VIDEO_BASELINES == ("frame_difference", "motion_compensated_residual")
    )
    for name, score_B in of_frames.items():
        np.testing.assert_array_equal(score_B, of_clips[name])
