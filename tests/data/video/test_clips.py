"""Random clips of videos: where they may lie, and that they are what lies there."""

import itertools

import numpy as np
import pytest

from vpn_anomaly.data.video.clips import VideoClips, held_out, split_by_video, split_within_videos
from vpn_anomaly.errors import UserError

SPLITS = ("train", "validation", "test")


def numbered(frames, height, width, video):
    """Frames whose pixels say the video, frame, row and column that they are of."""
    t, y, x = np.ogrid[:frames, :height, :width]
    place = [np.broadcast_to(part, (frames, height, width)) for part in (t, y, x)]
    of_video = np.full((frames, height, width), video)
    return np.stack([of_video, *place], axis=-1).astype(np.uint8)


VIDEOS = {"a": numbered(200, 20, 30, 0), "short": numbered(30, 20, 30, 1), "b": numbered(140, 16, 12, 2)}


def clips_of(split, count=3000, seed=0):
    source = VideoClips(VIDEOS, frames=5, height=8, width=12)
    return source.clips(seed, split, np.arange(count))


@pytest.mark.parametrize("split", SPLITS)
def test_a_clip_is_one_crop_of_one_video_in_order(split):
    clips = clips_of(split, 40)
    assert clips.shape == (40, 5, 8, 12, 4) and clips.dtype == np.uint8
    for clip in clips:
        video, start, top, left = clip[0, 0, 0]
        whole = list(VIDEOS.values())[video]
        np.testing.assert_array_equal(clip, whole[start : start + 5, top : top + 8, left : left + 12])


def test_splits_share_no_frame_and_cover_all_of_them():
    lengths = [len(video) for video in VIDEOS.values()]
    for number, video in enumerate(VIDEOS.values()):
        covered = [split_within_videos(lengths, split)[number] for split in SPLITS]
        assert [frame for part in covered for frame in part] == list(range(len(video)))
        for split, part in zip(SPLITS, covered, strict=True):
            clips = clips_of(split)
            frames = clips[clips[:, 0, 0, 0, 0] == number][..., 1]
            expected = set(part) if len(part) >= 5 else set()
            assert set(frames.ravel().tolist()) == expected


def test_every_place_in_time_and_in_the_frame_is_equally_likely():
    clips = clips_of("train", 20_000)
    video, start, top, left = clips[:, 0, 0, 0].T
    places = [180 - 4, 27 - 4, 126 - 4]
    share = np.bincount(video) / len(video)
    np.testing.assert_allclose(share, np.array(places) / sum(places), atol=0.01)
    for values, count in ((start[video == 0], 176), (top[video == 0], 13), (left[video == 0], 19)):
        observed = np.bincount(values, minlength=count)
        assert len(observed) == count
        expected = len(values) / count
        chi_square = ((observed - expected) ** 2 / expected).sum()
        assert abs(chi_square - (count - 1)) < 5 * np.sqrt(2 * (count - 1))


def test_a_clip_depends_on_seed_split_and_index_alone():
    source = VideoClips(VIDEOS, frames=5, height=8, width=12)
    whole = clips_of("train", 50)
    np.testing.assert_array_equal(source.clips(0, "train", [7, 49, 7]), whole[[7, 49, 7]])
    assert (source.clips(1, "train", np.arange(50)) != whole).any(axis=(1, 2, 3, 4)).mean() > 0.9


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(UserError, match="b: frames of 16×12 pixels, but clips of 16×16"):
        VideoClips(VIDEOS, frames=5, height=16, width=16)
    with pytest.raises(UserError, match="up to 200 frames, but 220 are needed for 11 frames in a row"):
        VideoClips(VIDEOS, frames=11, height=8, width=8)
    source = VideoClips(VIDEOS, frames=5, height=8, width=8)
    with pytest.raises(UserError, match="up to 200 frames, but 228 are needed for 205 .*carried=false"):
        source.segments(0, "train", np.arange(2), 0, 51)


def test_segments_follow_each_other_at_one_place_and_share_a_frame():
    source = VideoClips(VIDEOS, frames=5, height=8, width=12)
    segments = [source.segments(0, "train", np.arange(60), number, 30) for number in range(30)]
    for before, after in itertools.pairwise(segments):
        np.testing.assert_array_equal(after[:, 0], before[:, -1])
    video, start, _, _ = segments[0][:, 0, 0, 0].T
    assert set(video) == {0, 2}  # the short one has no 121 frames in a row
    for clip in segments[-1]:
        of_video, _, top, left = clip[0, 0, 0]
        length = len(list(VIDEOS.values())[of_video])
        assert clip[-1, 0, 0, 1] < split_within_videos([length], "train")[0].stop


@pytest.mark.parametrize(
    "count, validation, test",
    [
        (3, {0}, {2}),
        (7, {1}, {5}),
        (8, {1, 6}, {4}),
        (16, {2, 10}, {6, 14}),
        (40, set(range(2, 40, 8)), set(range(6, 40, 8))),
        (100, set(range(2, 100, 10)), set(range(7, 100, 10))),
        (330, set(range(5, 330, 20)), set(range(15, 330, 20))),  # 20 would be less than a tenth
    ],
)
def test_whole_videos_are_in_one_split_each(count, validation, test):
    lengths = list(range(100, 100 + count))
    of_split = {
        split: {number for number, part in enumerate(split_by_video(lengths, split)) if part}
        for split in SPLITS
    }
    for split in SPLITS:
        for number, part in enumerate(split_by_video(lengths, split)):
            assert part == (range(lengths[number]) if number in of_split[split] else range(0))
    assert sorted(number for numbers in of_split.values() for number in numbers) == list(range(count))
    assert (of_split["validation"], of_split["test"]) == (validation, test)
    whole = [
        range(length) if number in validation | test else range(0) for number, length in enumerate(lengths)
    ]
    assert held_out(lengths, split_by_video) == whole


def test_clips_of_whole_videos_come_from_those_of_their_split():
    videos = {str(number): numbered(10 + number, 8, 12, number) for number in range(4)}
    source = VideoClips(videos, frames=5, height=8, width=12, divide=split_by_video)
    for split, expected in (("train", {0, 2}), ("validation", {1}), ("test", {3})):
        clips = source.clips(0, split, np.arange(50))
        assert set(clips[..., 0].ravel().tolist()) == expected
        last = {video: clips[clips[:, 0, 0, 0, 0] == video][..., 1].max() for video in expected}
        assert last == {video: 9 + video for video in expected}  # to the last frame


def test_fewer_than_three_whole_videos_and_too_short_ones_are_refused():
    videos = {str(number): numbered(10, 8, 12, number) for number in range(3)}
    two = dict(list(videos.items())[:2])
    with pytest.raises(UserError, match="2 normal clips, but at least 3 are needed"):
        VideoClips(two, frames=5, height=8, width=12, divide=split_by_video)
    with pytest.raises(UserError, match="train clips have up to 10 frames, but 11 are needed in a row"):
        VideoClips(videos, frames=11, height=8, width=12, divide=split_by_video)


def test_half_of_the_videos_are_long_enough_for_the_most_segments():
    lengths = {"a": 21, "b": 25, "c": 26, "d": 17, "e": 101}
    videos = {name: numbered(length, 8, 12, 0) for name, length in lengths.items()}
    source = VideoClips(videos, frames=5, height=8, width=12, divide=split_by_video)
    # b calibrates, d is held out; the lengths that train are 21, 26, 101
    assert source.most_segments("train") == (26 - 1) // 4
    source.segments(0, "train", np.arange(9), 5, 6)
