"""Sequences that skip frames: which, by how much, and that the others are as without them."""

import itertools

import numpy as np
import pytest

from vpn_anomaly.data.pipeline import training_batches
from vpn_anomaly.data.skipped_frames import STRIDES, check_skipping, strides, training_clips
from vpn_anomaly.data.stateful_batches import stateful_batches
from vpn_anomaly.data.video.clips import VideoClips, split_by_video
from vpn_anomaly.errors import UserError

FRAMES, SHARE, SEED = 5, 0.25, 3


def source(length=200):
    """A video whose pixels say the number of their frame."""
    video = np.broadcast_to(np.arange(length, dtype=np.uint8).reshape(-1, 1, 1, 1), (length, 9, 10, 1))
    return VideoClips({"video": video}, FRAMES, 8, 8)


def steps_of(clip_BxTxHxWxC):
    """The differences between the numbers of a clip's frames, (B, T − 1)."""
    return np.diff(clip_BxTxHxWxC[:, :, 0, 0, 0].astype(int), axis=1)


def test_a_share_of_the_sequences_has_each_stride_as_often_as_the_others():
    stride_N = strides(SEED, np.arange(20_000), SHARE)
    counts = {int(stride): (stride_N == stride).mean() for stride in np.unique(stride_N)}
    assert set(counts) == {1, *STRIDES} == {1, 2, 3, 4, 5}
    np.testing.assert_allclose([counts[1], counts[2], counts[5]], [0.75, 0.0625, 0.0625], atol=0.01)
    np.testing.assert_array_equal(strides(SEED, np.arange(500, 600), SHARE), stride_N[500:600])
    assert (strides(SEED + 1, np.arange(20_000), SHARE) != stride_N).any()


def test_frames_are_skipped_by_the_stride_and_other_clips_are_as_ever():
    index_N = np.arange(200)
    made, plain = training_clips(source(), SEED, index_N, SHARE), source().clips(SEED, "train", index_N)
    stride_N = strides(SEED, index_N, SHARE)
    np.testing.assert_array_equal(steps_of(made["clip"]), np.repeat(stride_N[:, None], FRAMES - 1, axis=1))
    np.testing.assert_array_equal(made["skipped"], stride_N > 1)
    np.testing.assert_array_equal(made["clip"][stride_N == 1], plain[stride_N == 1])
    assert made["clip"].max() < 180  # of the training part
    assert training_clips(source(), SEED, index_N, 0.0).keys() == {"clip"}


@pytest.mark.parametrize("make", [training_batches, stateful_batches])
def test_batches_say_which_sequences_skip_frames_whatever_their_number(make):
    def rows(batch_size, count, **options):
        batches = make(source(), SEED, batch_size, skipped=SHARE, **options)
        return [batch for batch in itertools.islice(batches, count)]

    taken = rows(8, 100)
    skipped = np.concatenate([batch["skipped"] for batch in taken])
    steps = steps_of(np.concatenate([batch["clip"] for batch in taken]))
    np.testing.assert_array_equal((steps > 1).all(1), skipped)
    np.testing.assert_array_equal((steps == 1).all(1), ~skipped)
    assert skipped.mean() == pytest.approx(SHARE, abs=0.06)
    for name, array in rows(8, 1, first_step=99)[0].items():
        np.testing.assert_array_equal(array, taken[99][name])


def test_sequences_that_go_on_skip_nothing():
    for batch in itertools.islice(stateful_batches(source(), SEED, 8, skipped=0.5), 20):
        assert batch["skipped"][::2].all() and not batch["skipped"][1::2].any()


def test_videos_that_are_too_short_are_refused_in_a_line():
    check_skipping(source(), SEED)  # 20 frames and one, of 180
    short = {str(number): np.zeros((20, 9, 10, 1), np.uint8) for number in range(4)}
    clips = VideoClips(short, FRAMES, 8, 8, split_by_video)
    with pytest.raises(UserError, match="train.skipped: .* 20 frames, but 21 .*; or set train.skipped=0"):
        check_skipping(clips, SEED)
