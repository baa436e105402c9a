"""Clips of normal footage: no frame twice, none missing, of about one length."""

import itertools

import pytest

from vpn_anomaly.data.video.clips import split_by_video, split_within_videos
from vpn_anomaly.data.video.normal_clips import SHORTEST, NormalClip, normal_clips, trained_clips


@pytest.mark.parametrize(
    "lengths, count",
    [
        ([3000], 20),
        ([12_000, 4000], 20),
        ([600, 593, 601, 606], 19),
        ([2000, 200, 1800], 20),  # 10, 1, 9
        ([450] * 12, 12),  # none is twice as long as a twentieth
        ([150] * 16, 16),
        ([90] * 40, 40),
        ([1000], 13),  # of 76 and 77 frames
        ([100], 2),
        ([100, 0, 100], 2),
        ([1], 1),
        ([], 0),
    ],
)
def test_the_clips_are_all_frames_in_pieces_of_about_one_length(lengths, count):
    clips = normal_clips(lengths)
    assert len(clips) == count
    assert [frame for video, part in clips for frame in ((video, number) for number in part)] == [
        (video, number) for video, length in enumerate(lengths) for number in range(length)
    ]
    for _, of_video in itertools.groupby(clips, lambda clip: clip.video):
        sizes = [len(clip.range) for clip in of_video]
        assert max(sizes) - min(sizes) <= 1
        assert len(sizes) == 1 or min(sizes) >= SHORTEST or count == 2


def test_what_is_held_out_is_cut_likewise():
    assert normal_clips([3000], split_within_videos) == [
        NormalClip(0, range(start, start + 75)) for start in (2700, 2775, 2850, 2925)
    ]
    assert normal_clips([200, 400], split_within_videos) == [
        NormalClip(0, range(180, 200)),
        NormalClip(1, range(360, 400)),
    ]
    assert normal_clips([200], split_within_videos) == [
        NormalClip(0, range(180, 190)),
        NormalClip(0, range(190, 200)),
    ]
    assert normal_clips([160] * 16, split_by_video) == [
        NormalClip(video, range(160)) for video in (2, 6, 10, 14)
    ]
    assert normal_clips([900] * 3, split_by_video) == [
        NormalClip(video, range(start, start + 150)) for video in (0, 2) for start in range(0, 900, 150)
    ]


def test_what_is_trained_on_is_cut_likewise():
    assert trained_clips([100] * 8, split_by_video) == [
        NormalClip(video, range(100)) for video in (0, 2, 3, 5, 7)
    ]
    (first, *_), last = (
        trained_clips([3000], split_within_videos),
        trained_clips([3000], split_within_videos)[-1],
    )
    assert first == NormalClip(0, range(135)) and last == NormalClip(0, range(2565, 2700))
