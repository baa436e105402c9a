"""What was done to the scores of a labelled set, and what was not, so that figures can be compared."""

from collections.abc import Sequence
from typing import NamedTuple

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.evaluation.clip_scores import ClipScores
from vpn_anomaly.evaluation.frame_metrics import LEAST_FRAMES, few_frames
from vpn_anomaly.evaluation.protocol import Protocol
from vpn_anomaly.scoring.baselines import VIDEO_BASELINES
from vpn_anomaly.scoring.footage_baselines import FOOTAGE_BASELINES, HEIGHT, WIDTH

OFF = "evaluate.protocol.masks=off"


class Looks(NamedTuple):
    """At which frames of a clip a member looks, and what becomes of its scores.

    Attributes:
      member: its name; empty for a single model.
      first_frame: the number of the first frame that has its scores.
      every: it looks at every n-th frame.
      smoothing: frames over which its scores are smoothed (`score.smoothing`); 0: none.
    """

    member: str
    first_frame: int
    every: int
    smoothing: int = 0


def done(
    clips: list[LabelledClip], scored: list[ClipScores], looks: Sequence[Looks], protocol: Protocol
) -> list[str]:
    """What was done, a phrase each. looks: at which frames each member looks."""
    labels = [protocol.labels(clip.label_T) for clip in clips]
    frames, anomalous = sum(map(len, labels)), sum(int(label_T.sum()) for label_T in labels)
    both = sum(0 < label_T.sum() < len(label_T) for label_T in labels)
    phrases = [
        f"AUROC micro, equal error rate: over all {frames:,} frames of {len(clips)} clips, "
        f"{anomalous:,} of them anomalous",
        f"AUROC macro: mean over {both} of {len(clips)} clips; {len(clips) - both} have frames of one "
        "class only and are left out",
    ]
    few = few_frames(labels)
    if few:
        names = ", ".join(clips[clip].name for clip in few)
        phrases.append(
            f"AUROC macro, {LEAST_FRAMES}+: mean over {both - len(few)} clips, without {names}: fewer than "
            f"{LEAST_FRAMES} frames of a class"
        )
    with_masks = [clip for clip in clips if clip.read_masks is not None]
    if with_masks and protocol.reads_masks:
        phrases.append(
            f"pixel AUROC: over all pixels that count of {len(with_masks)} of {len(clips)} clips, "
            "those with masks, at the size in which the model sees them, in all frames that have "
            "maps"
        )
    phrases += [phrase for one in looks for phrase in _of_member(one, protocol)]
    phrases += _of_baselines(scored, protocol)
    phrases += [f"{clip.name}: {_unread(clip)} scored from the neighbours" for clip in scored if clip.unread]
    phrases += [f"{clip.name}: {clip.problem}" for clip in scored if clip.problem]
    return phrases + protocol.done()


def not_done(clips: list[LabelledClip], scored: list[ClipScores], protocol: Protocol) -> list[str]:
    """What was not done, a phrase each, with the field that would do it."""
    phrases = protocol.not_done()
    if not protocol.reads_masks:
        phrases.append(f"no pixel AUROC ({OFF})")
    elif not any(clip.read_masks for clip in clips):
        phrases.append("no pixel AUROC: no clip has masks")
    lacking = [row.name for row in FOOTAGE_BASELINES if row.name not in scored[0].scores]
    if lacking:
        phrases.append(f"no {', '.join(lacking)} (evaluate.baselines=all)")
    return phrases + ["no pixel-level criterion by overlap (40% of the labelled pixels)"]


def _of_member(looks: Looks, protocol: Protocol) -> list[str]:
    """Which frames have scores of others."""
    of = f"member {looks.member}: " if looks.member else ""
    phrases = []
    if looks.first_frame > protocol.dropped_frames:
        phrases.append(
            f"{of}the first {looks.first_frame} frames of a clip, which lack context, have the score of the "
            "first that has one"
        )
    if looks.every > 1:
        phrases.append(
            f"{of}one of {looks.every} frames is looked at; the others have the score of the last one, and "
            "their pixels do not count"
        )
    if looks.smoothing > 1:
        phrases.append(
            f"{of}its scores are exponential means over the past, in which a frame that is looked at weighs "
            f"1/{looks.smoothing} (score.smoothing); the future is not used"
        )
    return phrases


def _of_baselines(scored: list[ClipScores], protocol: Protocol) -> list[str]:
    """What holds for the rows without learning."""
    rows = [row for row in FOOTAGE_BASELINES if row.name in scored[0].scores]
    earlier = {name: 1 for name in VIDEO_BASELINES} | {row.name: row.before for row in rows}
    first = [
        f"{', '.join(name for name, before in earlier.items() if before == count)}: the first "
        f"{'frame of a clip has' if count == 1 else f'{count} frames of a clip have'} the score of the next"
        for count in sorted(set(earlier.values()))
        if count > protocol.dropped_frames
    ]
    return [
        f"{', '.join(row.name for row in rows)}: of grey frames of at most {HEIGHT}×{WIDTH} pixels",
        *first,
    ]


def _unread(clip: ClipScores) -> str:
    """The frames that could not be decoded, counted from 0: "frame 141"."""
    frames = ", ".join(map(str, clip.unread[:5]))
    more = f" and {len(clip.unread) - 5} more" if len(clip.unread) > 5 else ""
    return f"frame{'s' * (len(clip.unread) > 1)} {frames}{more} (from 0) cannot be read,"
