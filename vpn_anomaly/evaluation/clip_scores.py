"""The scores of one clip's frames."""

import collections
import dataclasses
from collections.abc import Callable

import numpy as np

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrames
from vpn_anomaly.evaluation.pixel_metrics import at_size
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES, video_baseline_scores
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.stream_scorer import StreamScorer

CHOSEN_BY = "any"  # the score by which frames stand out


@dataclasses.dataclass(frozen=True, eq=False)
class ClipScores:
    """What was found in a clip.

    Attributes:
      name: of the clip.
      label_T: bool (T,).
      scores: by name, (T,); NaN for frames without one. Those without learning come last.
      unread: numbers of the frames that could not be decoded.
      problem: what broke on the way, in a line; None: nothing.
      calibration: that of the clip's frame size.
    """

    name: str
    label_T: np.ndarray
    scores: dict[str, np.ndarray]
    unread: list[int]
    problem: str | None
    calibration: Calibration


def score_clip(
    clip: LabelledClip,
    video_settings: VideoSettings,
    of_size: Callable[[int, int], tuple[StreamScorer, Calibration]],
    pixels: collections.defaultdict | None,
    extremes: ExtremeFrames,
    progress: Callable[[int], None],
) -> ClipScores:
    """Scores every frame of a clip as a stream of its own.

    Args:
      of_size: gives the streamer of a frame size, and what makes derived scores.
      pixels: takes in every frame's maps, a `PixelAuroc` by name, with the clip's masks; None: no
        masks are read.
      extremes: takes in every frame that has a score, by CHOSEN_BY.
      progress: called with 1 for every frame.

    UserError where the clip cannot be read, has more frames than labels, or none with a score.
    """
    frames = len(clip.label_T)
    scores = {name: np.full(frames, np.nan) for name in VIDEO_BASELINES}
    mask_TxHxW = None if pixels is None else clip.read_masks()
    seen_T, before = np.zeros(frames, bool), None
    with open_video(clip.source, video_settings) as video:
        streamer, calibration = of_size(*video.size)
        streamer.restart()
        for index, _, image in video:
            if index >= frames:
                raise UserError(
                    f"{clip.source} has more than the {frames} frames that are labelled; "
                    "copy the clip and its labels from the published set"
                )
            of_frame, maps = _frame_scores(image, before, streamer, calibration)
            for name, score in of_frame.items():
                scores.setdefault(name, np.full(frames, np.nan))[index] = score
            mask_HxW = None
            if mask_TxHxW is not None:
                mask_HxW = at_size(mask_TxHxW[index], *image.shape[:2])
            if maps is not None:
                label, score = bool(clip.label_T[index]), of_frame[CHOSEN_BY]
                extremes.see(clip.name, index, label, score, image, maps, mask_HxW)
            if maps is not None and mask_HxW is not None:
                for name, map_HxW in maps.value.items():
                    pixels[name].add(map_HxW, mask_HxW, maps.counted)
            seen_T[index], before = True, image
            progress(1)
    if CHOSEN_BY not in scores:
        raise UserError(
            f"{clip.source}: {seen_T.sum()} of its {frames} frames can be read, but the first "
            f"{streamer.system.first_frame} have no scores; copy the clip from the published set"
        )
    scores |= {name: scores.pop(name) for name in VIDEO_BASELINES}  # last
    unread = np.flatnonzero(~seen_T).tolist()
    return ClipScores(clip.name, clip.label_T, scores, unread, video.problem, calibration)


def _frame_scores(image_HxWxC, before_HxWxC, streamer: StreamScorer, calibration: Calibration):
    """The frame's scores by name, those without learning among them, and its maps, or None."""
    scored = streamer(image_HxWxC)
    scores = {**scored.scores, **calibration.derived(scored.scores)}
    if before_HxWxC is not None:
        pair = video_baseline_scores(image_HxWxC[None], before_HxWxC[None])
        scores |= {name: score_1[0] for name, score_1 in pair.items()}
    return {name: float(score) for name, score in scores.items()}, scored.maps
