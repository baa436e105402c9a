"""Alarms at a threshold on labelled clips, against a loop over frames."""

import numpy as np
import pytest

from vpn_anomaly.evaluation.clip_scores import ClipScores
from vpn_anomaly.evaluation.false_alarms import at_threshold, in_normal_clips
from vpn_anomaly.scoring.false_alarms import FalseAlarms
from vpn_anomaly.scoring.stream_calibration import ScoreThreshold
from vpn_anomaly.scoring.support import Threshold

RNG = np.random.default_rng(5)
RATES = (3.0, 3.0, 2.4, 10.0)  # frames per second
THRESHOLDS = (0.7, 0.7, 0.5, 0.2)


def scored_clips():
    """Ranges at both ends, next to each other, none at all, nothing else; frames without a score."""
    ranges = ([(0, 4), (9, 12), (13, 15)], [], [(5, 20)], [(0, 8)])
    clips = []
    for number, (frames, of_clip) in enumerate(zip((30, 12, 20, 8), ranges)):
        label_T = np.zeros(frames, bool)
        for first, end in of_clip:
            label_T[first:end] = True
        score_T = RNG.random(frames)
        score_T[:2] = np.nan
        clips.append(ClipScores(f"clip{number}", label_T, {"any": score_T}, [], None, THRESHOLDS[number]))
    return clips


def counts_by_loop(clip, rate):
    """[flagged, of] by kind of frame."""
    counts = {name: [0, 0] for name in ("false_alarm_rate", "after", "elsewhere", "recall")}
    for frame, label in enumerate(clip.label_T):
        score = clip.scores["any"][max(frame, 2)]
        kinds = ["recall"] if label else ["false_alarm_rate"]
        if not label:
            reach = [frame - back for back in range(1, frame + 1) if back / rate <= 1]
            kinds.append("after" if any(clip.label_T[earlier] for earlier in reach) else "elsewhere")
        for kind in kinds:
            counts[kind][0] += score > clip.threshold
            counts[kind][1] += 1
    return counts


def part(flagged, of):
    return None if of == 0 else pytest.approx(flagged / of)


def test_parts_are_those_of_a_loop():
    clips = scored_clips()
    found = at_threshold(clips, RATES, 0.05, resamples=20)
    counts = [counts_by_loop(clip, rate) for clip, rate in zip(clips, RATES)]
    assert (found["score"], found["allowed"], found["after_seconds"]) == ("any", 0.05, 1.0)
    for name in counts[0]:
        total = np.sum([of[name] for of in counts], axis=0)
        assert found[name] == part(*total) and found["frames"][name] == total[1]
        for of_clip, count in zip(found["clips"], counts, strict=True):
            assert of_clip[name] == part(*count[name])
    assert found["clips"][1]["recall"] is None and found["clips"][3]["false_alarm_rate"] is None
    assert found["frames"]["after"] == 3 + 1 + 3  # between ranges one frame, and none after the end of a clip


def test_intervals_are_over_draws_of_whole_clips():
    clips = scored_clips()
    found = at_threshold(clips, RATES, 0.05, resamples=2000)["ci95"]
    counts = [counts_by_loop(clip, rate) for clip, rate in zip(clips, RATES)]
    rng = np.random.default_rng(1)
    drawn = [rng.integers(0, 4, 4) for _ in range(2000)]
    for name, interval in found.items():
        of_draws = [np.sum([counts[clip][name] for clip in draw], axis=0) for draw in drawn]
        parts = [flagged / of for flagged, of in of_draws if of]
        np.testing.assert_allclose(interval, np.quantile(parts, [0.025, 0.975]), atol=0.03)


def test_without_labelled_frames_nothing_is_after_them():
    found = at_threshold(scored_clips()[1:2], RATES[1:2], 0.1, resamples=20)
    assert found["after"] is None and found["recall"] is None and found["ci95"]["after"] is None
    assert found["elsewhere"] == found["false_alarm_rate"]


def threshold(p, note, drawn):
    """Of clips drawn like "..##.", # a flagged frame."""
    flagged_N = np.array([mark == "#" for clip in drawn for mark in clip])
    clip_N = np.repeat(np.arange(len(drawn)), [len(clip) for clip in drawn])
    return ScoreThreshold(1.5, Threshold(p, note), FalseAlarms(flagged_N, clip_N))


def test_what_normal_clips_raise_stands_beside_what_was_used():
    found = in_normal_clips(
        [threshold(0.1, None, ["#...", "...."]), threshold(0.25, "too rare", ["....", "##..", "...."])]
    )
    assert (found["used"], found["notes"]) == (0.25, ["too rare"])
    normal = found["normal_clips"]
    assert (normal["frames"], normal["clips"], normal["false_alarm_rate"]) == (20, 5, 3 / 20)
    low, high = normal["ci95"]["false_alarm_rate"]
    assert low < 0.05 and 0.4 < high < 1
