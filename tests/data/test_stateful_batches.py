"""Stateful batches: which rows continue the batch before, and that their frames do."""

import itertools

import numpy as np
import pytest

from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.moving_mnist import MovingMNIST
from vpn_anomaly.data.pipeline import training_batches
from vpn_anomaly.data.stateful_batches import SEGMENTS, stateful_batches
from vpn_anomaly.data.video.clips import VideoClips, split_by_video

SOURCE = MovingMNIST(load_digits("embedded"), frames=6, trajectory="reflect")
SIZE = 4


def batches(count, first_step=0, **shard):
    return list(itertools.islice(stateful_batches(SOURCE, 3, SIZE, first_step, **shard), count))


def test_odd_rows_go_on_where_the_batch_before_ended_until_their_sequence_ends():
    steps = batches(2 * SEGMENTS)
    for step, (before, after) in enumerate(itertools.pairwise(steps), start=1):
        begins = step % SEGMENTS == 0
        assert after["continues"].tolist() == [False, not begins] * 2
        same = (after["clip"][:, 0] == before["clip"][:, -1]).all((1, 2, 3))
        assert same.tolist() == [False, not begins] * 2
    assert not steps[0]["continues"].any()


def test_the_segments_are_one_long_sequence():
    longer = MovingMNIST(load_digits("embedded"), frames=5 * SEGMENTS + 1, trajectory="reflect")
    whole = longer.clips(3, "train", [SEGMENTS * SIZE + 1])[0]
    segments = [batch["clip"][1] for batch in batches(SEGMENTS, first_step=SEGMENTS)]
    joined = np.concatenate([segment[:-1] for segment in segments] + [segments[-1][-1:]])
    np.testing.assert_array_equal(joined, whole)


def test_even_rows_and_masks_are_those_of_plain_batches():
    plain = itertools.islice(training_batches(SOURCE, 3, SIZE, backend="numpy"), 3)
    for ours, theirs in zip(batches(3), plain, strict=True):
        np.testing.assert_array_equal(ours["clip"][::2], theirs["clip"][::2])
        np.testing.assert_array_equal(ours["shift"], theirs["shift"])
        np.testing.assert_array_equal(ours["index"], theirs["index"])


def test_a_batch_depends_on_its_step_alone_and_shards_are_its_parts():
    later = batches(2, first_step=SEGMENTS + 5)
    whole = batches(SEGMENTS + 7)[-2:]
    halves = [batches(2, first_step=SEGMENTS + 5, shard_index=half, shard_count=2) for half in (0, 1)]
    for name in ("clip", "shift", "index", "continues"):
        for step in (0, 1):
            np.testing.assert_array_equal(later[step][name], whole[step][name])
            joined = np.concatenate([halves[half][step][name] for half in (0, 1)])
            np.testing.assert_array_equal(joined, whole[step][name])


@pytest.mark.parametrize("lengths, count", [((120, 70, 70, 70), SEGMENTS), ((70, 70, 70, 70), 13)])
def test_short_videos_have_as_many_segments_as_half_of_them_are_long_enough_for(lengths, count):
    frame_T = np.arange(120, dtype=np.uint8).reshape(-1, 1, 1, 1)
    videos = {str(number): np.tile(frame_T[:length], (1, 8, 8, 1)) for number, length in enumerate(lengths)}
    source = VideoClips(videos, frames=6, height=8, width=8, divide=split_by_video)  # 0 and 2 train
    steps = list(itertools.islice(stateful_batches(source, 3, SIZE), 3 * SEGMENTS))
    assert [bool(batch["continues"][1]) for batch in steps] == [
        step % count > 0 for step in range(3 * SEGMENTS)
    ]
    for before, after in itertools.pairwise(steps):
        if after["continues"][1]:
            assert after["clip"][1, 0, 0, 0, 0] == before["clip"][1, -1, 0, 0, 0]
