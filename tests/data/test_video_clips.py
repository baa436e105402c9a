"""Random clips of videos: where they may lie, and that they are what lies there."""

import numpy as np
import pytest

from vpn_anomaly.data.video_clips import VideoClips, split_range
from vpn_anomaly.errors import UserError

SPLITS = ("train", "validation", "test")


def numbered(frames, height, width, video):
    """Frames whose pixels say the video, frame, row and column that they are of."""
    t, y, x = np.ogrid[:frames, :height, :width]
    place = [np.broadcast_to(part, (frames, height, width)) for part in (t, y, x)]
    of_video = np.full((frames, height, width), video)
    return np.stack([of_video, *place], axis=-1).astype(np.uint8)


VIDEOS = {"a": numbered(200, 20, 30, 0), "short": numbered(30, 20, 30, 1),
          "b": numbered(140, 16, 12, 2)}


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
        np.testing.assert_array_equal(
            clip, whole[start : start + 5, top : top + 8, left : left + 12]
        )


def test_splits_share_no_frame_and_cover_all_of_them():
    for number, video in enumerate(VIDEOS.values()):
        covered = [range(*split_range(len(video), split)) for split in SPLITS]
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
        source.links(0, "train", np.arange(2), 0, 51)


def test_links_follow_each_other_at_one_place_and_share_a_frame():
    source = VideoClips(VIDEOS, frames=5, height=8, width=12)
    links = [source.links(0, "train", np.arange(60), link, 30) for link in range(30)]
    for before, after in zip(links, links[1:]):
        np.testing.assert_array_equal(after[:, 0], before[:, -1])
    video, start, _, _ = links[0][:, 0, 0, 0].T
    assert set(video) == {0, 2}  # the short one has no 121 frames in a row
    for clip in links[-1]:
        of_video, _, top, left = clip[0, 0, 0]
        assert clip[-1, 0, 0, 1] < split_range(len(list(VIDEOS.values())[of_video]), "train")[1]
