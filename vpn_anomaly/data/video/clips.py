"""Random clips of the user's own normal videos, for training and testing a model.

Long videos are each split in time: the first nine tenths are for training, the rest is held out, half of
it as `validation`, half as `test`. Of many short videos, whole ones are for training or held out.
"""

import statistics
from collections.abc import Callable, Sequence

import numpy as np

from vpn_anomaly.data.random_bits import integers_below, random_bits
from vpn_anomaly.data.tensorflow.clips import as_graph_node
from vpn_anomaly.errors import UserError

# Start and end of each split, in twentieths of a video.
TWENTIETHS = {"train": (0, 18), "validation": (18, 19), "test": (19, 20)}
HELD_OUT = ("validation", "test")
# Of whole videos a quarter is held out, but no more than MOST; where a tenth is more, a tenth.
MOST, MANY, FEWEST_OF_MANY = 20, 8, 3

SplitRule = Callable[[Sequence[int], str], list[range]]


def split_within_videos(lengths: Sequence[int], split: str) -> list[range]:
    """The frames of a split for videos of these lengths: a part of each video."""
    first, end = TWENTIETHS[split]
    return [range(length * first // 20, length * end // 20) for length in lengths]


def split_by_video(lengths: Sequence[int], split: str) -> list[range]:
    """The frames of a split for videos of these lengths: all or none of each video.

    About a quarter is held out (see MOST), 2 at least, and 3 of 8 or more, spread evenly: neighbouring
    videos are often from the same camera. UserError for fewer than 3 videos.
    """
    count = len(lengths)
    if count < len(TWENTIETHS):
        raise UserError(
            f"{count} normal clips, but at least {len(TWENTIETHS)} are needed: one to train on, and two that"
            " are held out, to calibrate with"
        )
    fewest = FEWEST_OF_MANY if count >= MANY else len(HELD_OUT)
    number_held_out = max(fewest, min(count // 4, MOST), count // 10)
    places = [int((place + 0.5) * count / number_held_out) for place in range(number_held_out)]
    of_split = {name: set(places[first::2]) for first, name in enumerate(HELD_OUT)}
    of_split["train"] = set(range(count)) - set(places)
    return [range(length) if number in of_split[split] else range(0) for number, length in enumerate(lengths)]


def held_out(lengths: Sequence[int], divide: SplitRule) -> list[range]:
    """The frames of each video that are not trained on."""
    parts = [[part for part in of_video if part] for of_video in zip(*(divide(lengths, s) for s in HELD_OUT))]
    return [range(of_video[0].start, of_video[-1].stop) if of_video else range(0) for of_video in parts]


class VideoClips:
    """Crops of T frames at random positions and times, each a function of (seed, split, index).

    A source like MovingMNIST; every split is endless. Start times are uniform over a split, across
    all its videos, and crop positions are uniform over the frame.

    Raises:
      UserError: a video is smaller than the crops, or no video is long enough for a split.
    """

    def __init__(
        self,
        videos: dict[str, np.ndarray],
        frames: int,
        height: int,
        width: int,
        divide: SplitRule = split_within_videos,
    ):
        """videos: uint8 (T, H, W, C) by name, of any size and length, all with C channels.

        divide: how frames are assigned to splits: `split_within_videos` or `split_by_video`.
        """
        for name, frame_TxHxWxC in videos.items():
            _, video_height, video_width, _ = frame_TxHxWxC.shape
            if video_height < height or video_width < width:
                raise UserError(
                    f"{name}: frames of {video_height}×{video_width} pixels, but clips of"
                    f" {height}×{width} are cut out of them (data.height, data.width); set smaller"
                    " clips, or a larger data.video.height and data.video.width"
                )
        self._videos = list(videos.values())
        self._frames, self._height, self._width = frames, height, width
        self._divide, lengths = divide, [len(video) for video in self._videos]
        self._ranges = {split: divide(lengths, split) for split in TWENTIETHS}
        for split in TWENTIETHS:
            self._places(split, frames)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Frames, height, width and channels of a clip."""
        return self._frames, self._height, self._width, self._videos[0].shape[-1]

    def length(self, split: str) -> None:
        """None: every split is endless."""

    def clips(self, seed: int, split: str, index_N, stride: int = 1) -> np.ndarray:
        """The split's clips at these indices, uint8 (N, T, H, W, C), of every frame or every n-th (stride).

        UserError if no video is long enough.
        """
        return self._cut(seed, split, index_N, (self._frames - 1) * stride + 1, 0, stride)

    def most_segments(self, split: str) -> int:
        """The number of consecutive segments, a clip each, that the split's videos are long enough for.

        Of whole videos at least half have this length; of parts of videos the longest has.
        """
        typical = statistics.median_high if self._divide is split_by_video else max
        length = typical([len(part) for part in self._ranges[split] if part])
        return (length - 1) // (self._frames - 1)

    def segments(self, seed: int, split: str, index_N, segment: int, count: int) -> np.ndarray:
        """Segment number `segment` of `count` consecutive ones, a clip each, uint8 (N, T, H, W, C).

        Those of one index are crops at one place; each begins with the last frame of the one before.
        UserError if no video is long enough.
        """
        step = self._frames - 1
        return self._cut(seed, split, index_N, count * step + 1, segment * step)

    def _cut(self, seed, split, index_N, length, offset, stride=1):
        """Clips that start `offset` frames after the start of random runs of `length` frames."""
        index_N = np.asarray(index_N)
        bits_Nx3 = random_bits(seed, split, index_N, "clip", 3)
        clip_NxTxHxWxC = np.empty((len(index_N), *self.shape), np.uint8)
        ends = self._places(split, length)
        for clip_TxHxWxC, bits_3 in zip(clip_NxTxHxWxC, bits_Nx3):
            place = int(integers_below(bits_3[0], ends[-1]))
            number = int(np.searchsorted(ends, place, side="right")) - 1
            video = self._videos[number]
            start = self._ranges[split][number].start + place - int(ends[number]) + offset
            top, left = (
                int(integers_below(bits, size - crop + 1))
                for bits, size, crop in zip(bits_3[1:], video.shape[1:3], self.shape[1:3])
            )
            clip_TxHxWxC[:] = video[
                start : start + (self._frames - 1) * stride + 1 : stride,
                top : top + self._height,
                left : left + self._width,
            ]
        return clip_NxTxHxWxC

    def graph_clips(self, seed: int, split: str, index_N):
        """`clips` as a node of a tf.data graph."""

        def clips(index_N):
            return self.clips(seed, split, index_N)

        return as_graph_node(clips, [(np.uint8, (index_N.shape[0], *self.shape))], index_N)[0]

    def _places(self, split: str, length: int) -> np.ndarray:
        """Cumulative number of runs of `length` frames: in all videos before each one, and in total."""
        parts = self._ranges[split]
        places = [max(0, len(part) - length + 1) for part in parts]
        if not any(places):
            raise UserError(self._too_short(split, length))
        return np.concatenate([[0], np.cumsum(places)])

    def _too_short(self, split: str, length: int) -> str:
        if self._divide is split_by_video:
            longest = max(map(len, self._ranges[split]))
            return (
                f"the {split} clips have up to {longest} frames, but {length} are needed in a row; set"
                " a smaller data.frames, or train.carried=false"
            )
        longest, (first, end) = max(map(len, self._videos)), TWENTIETHS[split]
        return (
            f"the videos have up to {longest} frames, but {-(-20 * length // (end - first))} are"
            f" needed for {length} frames in a row in the {split} part ({end - first} twentieths of"
            " each video); give longer videos or a higher data.video.rate, or set"
            " train.carried=false"
        )
