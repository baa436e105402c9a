"""The scores of one clip's frames."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import Frame, VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrames
from vpn_anomaly.evaluation.pixel_metrics import PixelAuroc, at_size
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES, video_baseline_scores
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.stream_calibration import ScoreThreshold
from vpn_anomaly.scoring.stream_detector import ANY, Detection, Size, StreamDetector

CHOSEN_BY = ANY  # the score by which frames stand out
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


@dataclasses.dataclass(frozen=True, eq=False)
class OfAllClips:
    """What is told of clips together.

    Attributes:
      extremes: the frames that stand out by CHOSEN_BY.
      pixels: the AUROC of the pixels over the clips whose masks were read, by the member's prefix, then by the
        map's name.
      thresholds: of CHOSEN_BY, by the sizes at which the members look at frames.
    """

    extremes: ExtremeFrames = dataclasses.field(default_factory=lambda: ExtremeFrames(EXTREME_FRAMES))
    pixels: dict[str, dict[str, PixelAuroc]] = dataclasses.field(default_factory=dict)
    thresholds: dict[tuple[Size, ...], ScoreThreshold] = dataclasses.field(default_factory=dict)

    def take_in(self, other: "OfAllClips") -> None:
        """Takes in what is told of other clips."""
        self.extremes.take_in(other.extremes)
        for prefix, maps in other.pixels.items():
            for name, pixels in maps.items():
                self.of_map(prefix, name).take_in(pixels)
        self.thresholds.update(other.thresholds)

    def of_map(self, prefix: str, name: str) -> PixelAuroc:
        """That of a member's map."""
        return self.pixels.setdefault(prefix, {}).setdefault(name, PixelAuroc())


class LabelledClipScorer:
    """Scores clips one after the other.

    Attributes:
      of_all: what is told of all of them together.
    """

    of_all: OfAllClips

    def __init__(
        self,
        video_settings: VideoSettings,
        detector_of: Callable[[int, int], StreamDetector],
        threshold: Callable[[StreamDetector], ScoreThreshold],
        progress: Callable[[int], object],
    ):
        """
        Args:
          video_settings: how the frames are looked at.
          detector_of: the detector for a clip whose frames have a height and width on disk.
          threshold: of CHOSEN_BY, of a detector.
          progress: called with 1 for every frame.
        """
        self._video_settings, self._detector_of = video_settings, detector_of
        self._threshold_of, self._progress = threshold, progress
        self.of_all = OfAllClips()

    def score(self, clip: LabelledClip, with_masks: bool) -> ClipScores:
        """Scores every frame of a clip as a stream of its own; reads the clip's masks where wanted.

        UserError where the clip cannot be read, has more frames than labels, or none with a score.
        """
        frames = len(clip.label_T)
        mask_TxHxW = clip.read_masks() if with_masks and clip.read_masks else None
        seen_T, before = np.zeros(frames, bool), None
        with open_video(clip.source, self._video_settings) as video:
            detector = self._detector_of(*video.source_size)
            detector.restart()
            names = (*detector.columns, CHOSEN_BY, *VIDEO_BASELINES)
            scores = {name: np.full(frames, np.nan) for name in names}
            for frame in video:
                _check_labelled(clip, frame.index)
                found = detector(frame)
                for name, score in _frame_scores(found, frame.image, before).items():
                    scores[name][frame.index] = score
                mask = None if mask_TxHxW is None else mask_TxHxW[frame.index]
                self._gather(clip, frame, detector.members, found, mask)
                seen_T[frame.index], before = True, frame.image
                self._progress(1)
        _check_scored(clip, scores, int(seen_T.sum()), detector)
        unread = np.flatnonzero(~seen_T).tolist()
        threshold = self._threshold(detector).score
        return ClipScores(clip.name, clip.label_T, scores, unread, video.problem, threshold)

    def _threshold(self, detector: StreamDetector) -> ScoreThreshold:
        sizes = tuple(member.size for member in detector.members)
        if sizes not in self.of_all.thresholds:
            self.of_all.thresholds[sizes] = self._threshold_of(detector)
        return self.of_all.thresholds[sizes]

    def _gather(
        self,
        clip: LabelledClip,
        frame: Frame,
        members: Iterable[MemberStream],
        found: Detection,
        mask_HxW: np.ndarray | None,
    ) -> None:
        """Takes in what is told of all clips together; mask_HxW: the pixels labelled anomalous, as on disk."""
        if found.any is not None:
            label, maps = bool(clip.label_T[frame.index]), found.looks[found.leader].maps
            mask = None if mask_HxW is None else at_size(mask_HxW, *frame.image.shape[:2])
            self.of_all.extremes.see(clip.name, frame, label, found.any, found.leader, maps, mask)
        if mask_HxW is None:
            return
        for member in members:
            self.of_all.pixels.setdefault(member.prefix, {})
            look = found.looks.get(member.name)
            if look is not None and look.new:
                counted_HxW = np.asarray(look.maps.counted)
                mask = at_size(mask_HxW, *counted_HxW.shape)
                for name, map_HxW in look.maps.value.items():
                    self.of_all.of_map(member.prefix, name).add(np.asarray(map_HxW), mask, counted_HxW)


def _check_labelled(clip: LabelledClip, index: int) -> None:
    if index >= len(clip.label_T):
        raise UserError(
            f"{clip.source} has more than the {len(clip.label_T)} frames that are labelled; "
            "copy the clip and its labels from the published set"
        )


def _check_scored(
    clip: LabelledClip, scores: Mapping[str, np.ndarray], seen: int, detector: StreamDetector
) -> None:
    if any(np.isnan(scores[name]).all() for name in (*detector.columns, CHOSEN_BY)):
        first_frame = max(member.first_frame for member in detector.members)
        raise UserError(
            f"{clip.source}: {seen} of its {len(clip.label_T)} frames can be read, but the first "
            f"{first_frame} have no scores; copy the clip from the published set"
        )


def _frame_scores(
    found: Detection, image_HxWxC: np.ndarray, before_HxWxC: np.ndarray | None
) -> dict[str, float]:
    """The frame's scores by name, those without learning among them."""
    scores: dict[str, Any] = dict(found.scores)
    if found.any is not None:
        scores[CHOSEN_BY] = found.any
    if before_HxWxC is not None:
        pair = video_baseline_scores(image_HxWxC[None], before_HxWxC[None])
        scores |= {name: score_1[0] for name, score_1 in pair.items()}
    return {name: float(score) for name, score in scores.items()}
