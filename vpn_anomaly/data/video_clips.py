"""Random clips of one's own videos: what a model of normal footage is trained and tested on.

The first nine tenths of every video train, the rest never does: half of it calibrates
(`validation`), half is held out (`test`).
"""

import numpy as np

from vpn_anomaly.data.random_bits import integers_below, random_bits
from vpn_anomaly.data.tensorflow_clips import in_graph
from vpn_anomaly.errors import UserError

# Where each split begins and ends, in twentieths of a video.
TWENTIETHS = {"train": (0, 18), "validation": (18, 19), "test": (19, 20)}


def split_range(frames: int, split: str) -> tuple[int, int]:
    """First frame and end of a split in a video of so many frames."""
    first, end = TWENTIETHS[split]
    return frames * first // 20, frames * end // 20


class VideoClips:
    """Crops of T frames at random places and times, each a function of (seed, split, index).

    A source like MovingMNIST; every split is endless. Every place in time of a split is equally
    likely, whatever video it is in, and so is every place in the frame.

    Raises:
      UserError: a video is smaller than the crops, or no video is long enough for a split.
    """

    def __init__(self, videos: dict[str, np.ndarray], frames: int, height: int, width: int):
        """videos: uint8 (T, H, W, C) by name, of any sizes and lengths, all with C channels."""
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
        for split in TWENTIETHS:
            self._places(split, frames)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Frames, height, width and channels of a clip."""
        return self._frames, self._height, self._width, self._videos[0].shape[-1]

    def length(self, split: str) -> None:
        """None: there are endless clips."""

    def clips(self, seed: int, split: str, index_N) -> np.ndarray:
        """The split's clips of these indices, uint8 (N, T, H, W, C)."""
        return self._cut(seed, split, index_N, self._frames, 0)

    def links(self, seed: int, split: str, index_N, link: int, count: int) -> np.ndarray:
        """Clip number `link` of `count` that follow each other in time, uint8 (N, T, H, W, C).

        All of an index are crops of one place; each begins with the last frame of the one before.
        UserError where no video is long enough.
        """
        stride = self._frames - 1
        return self._cut(seed, split, index_N, (count - 1) * stride + self._frames, link * stride)

    def _cut(self, seed, split, index_N, length, offset):
        """Clips that begin `offset` frames after the start of random runs of `length` frames."""
        index_N = np.asarray(index_N)
        bits_Nx3 = random_bits(seed, split, index_N, "clip", 3)
        clip_NxTxHxWxC = np.empty((len(index_N), *self.shape), np.uint8)
        ends = self._places(split, length)
        for clip_TxHxWxC, bits_3 in zip(clip_NxTxHxWxC, bits_Nx3):
            place = int(integers_below(bits_3[0], ends[-1]))
            number = int(np.searchsorted(ends, place, side="right")) - 1
            video = self._videos[number]
            start = split_range(len(video), split)[0] + place - int(ends[number]) + offset
            top, left = (
                int(integers_below(bits, size - crop + 1))
                for bits, size, crop in zip(bits_3[1:], video.shape[1:3], self.shape[1:3])
            )
            clip_TxHxWxC[:] = video[
                start : start + self._frames, top : top + self._height, left : left + self._width
            ]
        return clip_NxTxHxWxC

    def graph_clips(self, seed: int, split: str, index_N):
        """`clips` as a node of a tf.data graph."""
        def clips(index_N):
            return self.clips(seed, split, index_N)

        return in_graph(clips, [(np.uint8, (index_N.shape[0], *self.shape))], index_N)[0]

    def _places(self, split: str, length: int) -> np.ndarray:
        """How many runs of `length` frames lie in the videos before each one, and at last in all."""
        ranges = [split_range(len(video), split) for video in self._videos]
        places = [max(0, end - first - length + 1) for first, end in ranges]
        if not any(places):
            longest = max(len(video) for video in self._videos)
            first, end = TWENTIETHS[split]
            raise UserError(
                f"the videos have up to {longest} frames, but {-(-20 * length // (end - first))} are"
                f" needed for {length} frames in a row in the {split} part ({end - first} twentieths of"
                " each video); give longer videos or a higher data.video.rate, or set"
                " train.carried=false"
            )
        return np.concatenate([[0], np.cumsum(places)])
