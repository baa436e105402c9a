"""The scores of one clip's frames."""

import collections
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrames
from vpn_anomaly.evaluation.pixel_metrics import PixelAuroc, at_size
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES, video_baseline_scores
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.system import Maps

CHOSEN_BY = "any"  # the score by which frames stand out
EXTREME_FRAMES = 4  # of each kind


@dataclasses.dataclass(frozen=True, eq=False)
class ClipScores:
    """What was found in a clip.

    Attributes:
      name: of the clip.
      label_T: bool (T,).
      scores: by name, (T,); NaN for frames without one. Those without learning come last.
      unread: numbers of the frames that could not be decoded.
      problem: what broke on the way, in a line; None: nothing.
      threshold: of CHOSEN_BY, by the calibration of the clip's frame size.
    """

    name: str
    label_T: np.ndarray
    scores: dict[str, np.ndarray]
    unread: list[int]
    problem: str | None
    threshold: float


class LabelledClipScorer:
    """Scores clips one after the other, and gathers what is told of all of them together.

    Attributes:
      pixels: the AUROC of the pixels of every map, by name, over the clips whose masks were read.
      extremes: the frames that stand out by CHOSEN_BY.
    """

    pixels: dict[str, PixelAuroc]
    extremes: ExtremeFrames

    def __init__(
        self,
        video_settings: VideoSettings,
        of_size: Callable[[int, int], tuple[StreamScorer, Calibration]],
        false_alarm_rate: float,
        progress: Callable[[int], object],
    ):
        """
        Args:
          video_settings: how the frames are looked at.
          of_size: the scorer of streams of frames of a height and width, and its calibration.
          false_alarm_rate: the part of normal frames that may exceed the threshold.
          progress: called with 1 for every frame.
        """
        self._video_settings, self._of_size = video_settings, of_size
        self._false_alarm_rate, self._progress = false_alarm_rate, progress
        self.pixels, self.extremes = collections.defaultdict(PixelAuroc), ExtremeFrames(EXTREME_FRAMES)

    def score(self, clip: LabelledClip, with_masks: bool) -> ClipScores:
        """Scores every frame of a clip as a stream of its own; reads the clip's masks where wanted.

        UserError where the clip cannot be read, has more frames than labels, or none with a score.
        """
        frames = len(clip.label_T)
        scores = {name: np.full(frames, np.nan) for name in VIDEO_BASELINES}
        mask_TxHxW = clip.read_masks() if with_masks and clip.read_masks else None
        seen_T, before = np.zeros(frames, bool), None
        with open_video(clip.source, self._video_settings) as video:
            stream_scorer, calibration = self._of_size(*video.size)
            stream_scorer.restart()
            for index, _, image, _ in video:
                _check_labelled(clip, index)
                of_frame, maps = _frame_scores(image, before, stream_scorer, calibration)
                for name, score in of_frame.items():
                    scores.setdefault(name, np.full(frames, np.nan))[index] = score
                if maps is not None:
                    mask = None if mask_TxHxW is None else at_size(mask_TxHxW[index], *image.shape[:2])
                    self._gather(clip, index, of_frame[CHOSEN_BY], image, maps, mask)
                seen_T[index], before = True, image
                self._progress(1)
        _check_scored(clip, scores, int(seen_T.sum()), stream_scorer.system.first_frame)
        scores |= {name: scores.pop(name) for name in VIDEO_BASELINES}  # last
        unread = np.flatnonzero(~seen_T).tolist()
        threshold = calibration.threshold(CHOSEN_BY, self._false_alarm_rate)
        return ClipScores(clip.name, clip.label_T, scores, unread, video.problem, threshold)

    def _gather(self, clip: LabelledClip, index: int, score: float, image_HxWxC, maps: Maps, mask_HxW):
        label = bool(clip.label_T[index])
        self.extremes.see(clip.name, index, label, score, image_HxWxC, maps, mask_HxW)
        if mask_HxW is not None:
            for name, map_HxW in maps.value.items():
                self.pixels[name].add(np.asarray(map_HxW), mask_HxW, np.asarray(maps.counted))


def _check_labelled(clip: LabelledClip, index: int) -> None:
    if index >= len(clip.label_T):
        raise UserError(
            f"{clip.source} has more than the {len(clip.label_T)} frames that are labelled; "
            "copy the clip and its labels from the published set"
        )


def _check_scored(clip: LabelledClip, scores: Iterable[str], seen: int, first_frame: int) -> None:
    if CHOSEN_BY not in scores:
        raise UserError(
            f"{clip.source}: {seen} of its {len(clip.label_T)} frames can be read, but the first "
            f"{first_frame} have no scores; copy the clip from the published set"
        )


def _frame_scores(image_HxWxC, before_HxWxC, stream_scorer: StreamScorer, calibration: Calibration):
    """The frame's scores by name, those without learning among them, and its maps, or None."""
    scored = stream_scorer(image_HxWxC)
    scores: dict[str, Any] = {**scored.scores, **calibration.derived(scored.scores)}
    if before_HxWxC is not None:
        pair = video_baseline_scores(image_HxWxC[None], before_HxWxC[None])
        scores |= {name: score_1[0] for name, score_1 in pair.items()}
    return {name: float(score) for name, score in scores.items()}, scored.maps
