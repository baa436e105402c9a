"""The figures of a labelled set by score: raw, by the published protocol, and against scores without learning."""

from collections.abc import Sequence

from vpn_anomaly.evaluation.clip_scores import CHOSEN_BY, ClipScores
from vpn_anomaly.evaluation.frame_metrics import differences, few_frames, frame_metrics
from vpn_anomaly.evaluation.protocol import Protocol, from_neighbours
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES
from vpn_anomaly.scoring.footage_baselines import FOOTAGE_BASELINE_NAMES

WITHOUT_LEARNING = (*VIDEO_BASELINES, *FOOTAGE_BASELINE_NAMES)


def score_tables(scored: Sequence[ClipScores], protocol: Protocol, resamples: int) -> dict[str, object]:
    """The figures of every score of C clips, ready for JSON.

    Returns:
      - `scores` by name (see `FrameMetrics`), and `differences`: CHOSEN_BY minus every score without
        learning, by its name (see `frame_metrics.differences`);
      - `without_learning`: the names of these;
      - `few_frames`: `clip`, `normal` and `anomalous` frames of the clips that `auroc_macro_10` leaves out;
      - `published`: `scores`, `differences`, `protocol` and `done` (phrases) by the published protocol;
        None where it is not wanted.
    """
    labels = [protocol.labels(clip.label_T) for clip in scored]
    published = protocol.as_published()
    return {
        **_table(scored, protocol, resamples),
        "without_learning": [name for name in scored[0].scores if name in WITHOUT_LEARNING],
        "few_frames": [
            {
                "clip": scored[clip].name,
                "normal": int((~labels[clip]).sum()),
                "anomalous": int(labels[clip].sum()),
            }
            for clip in few_frames(labels)
        ],
        "published": {
            **_table(scored, published, resamples),
            "protocol": published.as_dict(),
            "done": published.done(),
        }
        if protocol.published
        else None,
    }


def _table(scored: Sequence[ClipScores], protocol: Protocol, resamples: int) -> dict[str, dict]:
    labels = [protocol.labels(clip.label_T) for clip in scored]
    found = {
        name: frame_metrics(
            [protocol.scores(from_neighbours(clip.scores[name])) for clip in scored], labels, resamples
        )
        for name in scored[0].scores
    }
    without = {name: of for name, of in found.items() if name in WITHOUT_LEARNING}
    return {
        "scores": {name: of.as_dict() for name, of in found.items()},
        "differences": differences(found[CHOSEN_BY], without),
    }
