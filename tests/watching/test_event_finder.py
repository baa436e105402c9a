"""Events of hand-made score curves."""

import collections
import itertools
import math
import sys

import pytest

from vpn_anomaly.scoring.event_kinds import KIND_NAMES
from vpn_anomaly.watching.boxes import Box
from vpn_anomaly.watching.event_finder import CHANGE_PERIOD, EventFinder, Watch
from vpn_anomaly.watching.events import EventSettings, Observation

SECONDS_A_FRAME = 0.25
P = {"#": 0.001, "+": 0.05, ".": 0.5}  # opens, stays, quiet
PLAIN = {
    "open_p": 0.01,
    "close_p": 0.1,
    "merge_gap": 0,
    "minimum_frames": 1,
    "before": 0,
    "after": 0,
    "light_change": 0,
}


def finder(settings, ids=None):
    """An EventFinder of all kinds by the same rules."""
    return EventFinder({kind: Watch(kind, settings) for kind in KIND_NAMES}, ids)


def changes_of(observations, **settings):
    """[(frame that tells it, change)] of a stream; the end of the stream tells at None."""
    detector = finder(EventSettings(**PLAIN | settings))
    told = [(o.index, change) for o in observations for change in detector.update(o)]
    return told + [(None, change) for change in detector.finish()]


def observations(curve, light="", kind="missing"):
    """One frame a character of P; in `light` a "!" is a change of light."""
    for index, mark in enumerate(curve):
        yield Observation(
            index,
            index * SECONDS_A_FRAME,
            {kind: P[mark]},
            {kind: -math.log(P[mark])},
            light=light[index : index + 1] == "!",
        )


def told(curve, light="", **settings):
    """(what, frame that tells it, start, end) in short."""
    return [
        (change.what, frame, change.event.start.index, change.event.end.index)
        for frame, change in changes_of(observations(curve, light), **settings)
    ]


def ended(curve, light="", **settings):
    """The events as they ended."""
    changes = changes_of(observations(curve, light), **settings)
    return [change.event for _, change in changes if change.what == "end"]


def test_an_event_opens_low_and_goes_on_with_hysteresis():
    assert told("..++.+#++#+..+.") == [("begin", 6, 6, 6), ("end", 11, 6, 10)]
    assert told("..++.+#++#+..+.", close_p=0.01) == [
        ("begin", 6, 6, 6),
        ("end", 7, 6, 6),
        ("begin", 9, 9, 9),
        ("end", 10, 9, 9),
    ]


def test_the_thresholds_belong_to_the_event():
    assert told(".#+.", open_p=0.001, close_p=0.05) == [("begin", 1, 1, 1), ("end", 3, 1, 2)]


def test_runs_with_few_quiet_frames_between_are_one_event():
    curve = ".##..#...#...."
    assert told(curve, merge_gap=2) == [
        ("begin", 1, 1, 1),
        ("end", 8, 1, 5),
        ("begin", 9, 9, 9),
        ("end", 12, 9, 9),
    ]
    assert told(curve, merge_gap=3) == [("begin", 1, 1, 1), ("end", 13, 1, 9)]


def test_in_a_gap_only_a_frame_that_opens_goes_on():
    assert [event.end.index for event in ended(".#.+...", merge_gap=2)] == [1]


def test_an_event_begins_with_its_minimum_length():
    assert told(".##..###..", minimum_frames=3) == [("begin", 7, 5, 5 + 2), ("end", 8, 5, 7)]
    assert told(".##..#....", minimum_frames=4, merge_gap=2) == []


def test_quiet_frames_between_runs_do_not_make_an_event_longer():
    assert told(".#..#...", minimum_frames=3, merge_gap=2) == []
    (event,) = ended(".#..##....", minimum_frames=3, merge_gap=2)
    assert (event.start.index, event.end.index, event.frames) == (1, 5, 3)


def test_frames_before_and_after_are_kept_as_far_as_there_are_any():
    (event,) = ended(".....##......", before=3, after=2, merge_gap=4)
    assert (event.kept_from, event.kept_to) == ((2, 0.5), (8, 2.0))
    (event,) = ended(".##.", before=3, after=2, merge_gap=4)
    assert (event.kept_from, event.kept_to) == ((0, 0.0), (3, 0.75))
    assert event.start == (1, 0.25)


def test_the_kept_range_of_a_merged_event_follows_its_last_run():
    (event,) = ended(".#..#.", before=0, after=3, merge_gap=3)
    assert event.kept_to.index == 5


def test_an_open_event_ends_with_the_stream():
    assert told("..##") == [("begin", 2, 2, 2), ("end", None, 2, 3)]
    assert told("..##", minimum_frames=3) == []
    detector = finder(EventSettings(**PLAIN))
    for observation in observations("##"):
        detector.update(observation)
    assert len(detector.finish()) == 1 and detector.finish() == []


def test_kinds_are_separate_events_at_the_same_time():
    stream = [
        Observation(t, t, {"motion": P[m], "missing": P[s]}, {"motion": 1.0, "missing": 2.0})
        for t, (m, s) in enumerate(zip(".##..#.", ".####..", strict=True))
    ]
    changes = [(frame, c.what, c.event.id, c.event.kind) for frame, c in changes_of(stream)]
    assert changes == [
        (1, "begin", 0, "missing"),
        (1, "begin", 1, "motion"),
        (3, "end", 1, "motion"),
        (5, "end", 0, "missing"),
        (5, "begin", 2, "motion"),
        (6, "end", 2, "motion"),
    ]


def test_ids_are_given_when_events_begin():
    stream = [
        Observation(t, t, {"missing": P[m], "motion": P[s]}, {"missing": 1.0, "motion": 1.0})
        for t, (m, s) in enumerate(zip("#..####.", ".#####..", strict=True))
    ]
    begun = [(c.event.id, c.event.kind) for _, c in changes_of(stream, minimum_frames=3) if c.what == "begin"]
    assert begun == [(0, "motion"), (1, "missing")]


def scored(scores, boxes=None):
    """A stream that is anomalous in every frame, a second apart, with these scores."""
    for index, score in enumerate(scores):
        box = {} if boxes is None else {"intruding": boxes[index]}
        yield Observation(index, float(index), {"intruding": math.exp(-score)}, {"intruding": score}, box)


def test_the_peak_is_the_highest_score_with_its_box():
    boxes = [Box(n, n, n + 1, n + 2) for n in range(5)]
    *_, (_, last) = changes_of(scored([5.0, 7.0, 9.0, 9.0, 6.0], boxes))
    peak = last.event.peak
    assert (peak.moment.index, peak.score, peak.box) == (2, 9.0, boxes[2])
    assert peak.p == pytest.approx(math.exp(-9))


def test_the_peak_so_far_is_known_from_the_first_frame_of_a_run_to_its_end():
    detector = finder(EventSettings(**PLAIN | {"minimum_frames": 3, "merge_gap": 1}))
    peaks = []
    for observation in scored([5.0, 7.0, 6.0, 0.1, 0.1, 5.0, 0.1, 0.1]):
        detector.update(observation)
        peaks.append({key: event.peak.moment.index for key, event in detector.under_way.items()})
    one = {"intruding": 1}
    assert peaks == [{"intruding": 0}, one, one, one, {}, {"intruding": 5}, {"intruding": 5}, {}]


def test_the_light_makes_no_peak():
    detector = finder(EventSettings(**PLAIN))
    for observation in observations("###", light=".!."):
        detector.update(observation)
    assert detector.under_way["missing"].peak.moment.index == 0


def test_numbers_can_go_on_from_another_stream():
    ids = itertools.count(7)
    for expected in (7, 8):
        detector = finder(EventSettings(**PLAIN), ids)
        (begin,) = [change for one in observations("#") for change in detector.update(one)]
        assert begin.event.id == expected


def test_a_peak_before_the_event_begins_counts():
    changes = changes_of(scored([9.0, 6.0, 5.0]), minimum_frames=3)
    assert [(c.what, c.event.peak.score) for _, c in changes] == [("begin", 9.0), ("end", 9.0)]


def test_a_raised_peak_is_told_once_a_second():
    assert CHANGE_PERIOD == 1.0
    raised = [
        (n, c.event.peak.moment.index)
        for n, c in changes_of(scored([5, 6, 6, 7, 6, 8]))
        if c.what == "change"
    ]
    assert raised == [(1, 1), (3, 3), (5, 5)]
    stream = [Observation(n, n / 4, {"motion": 0.001}, {"motion": float(min(n, 6))}) for n in range(20)]
    raised = [(n, c.event.peak.moment.index) for n, c in changes_of(stream) if c.what == "change"]
    assert raised == [(4, 4), (8, 6)]  # the peak rose with every frame up to the sixth


def test_while_the_light_changes_no_event_begins():
    curve, light = "..######..", "..!......."
    assert told(curve, light) == [("begin", 3, 3, 3), ("end", 8, 3, 7)]
    assert told(curve, light, light_change=2) == [("begin", 5, 5, 5), ("end", 8, 5, 7)]
    assert told(curve, "..!..!....", light_change=3) == []


def test_an_event_that_has_not_begun_is_dropped_when_the_light_changes():
    assert told(".##+++#..", "...!.....", minimum_frames=3) == []
    assert told(".##+++#..", "....!....", minimum_frames=3) == [("begin", 3, 1, 3), ("end", 7, 1, 6)]


def test_the_light_does_not_make_the_peak_of_an_event():
    stream = [
        Observation(n, n, {"motion": 0.001}, {"motion": score}, light=n == 2)
        for n, score in enumerate([5.0, 6.0, 99.0, 5.5])
    ]
    *_, (_, last) = changes_of(stream)
    assert (last.event.peak.score, last.event.end.index, last.event.frames) == (6.0, 3, 4)


def test_frames_without_scores_are_quiet():
    nan = float("nan")
    stream = [
        Observation(0, 0.0),
        Observation(1, 1.0, {"motion": nan}, {"motion": nan}),
        Observation(2, 2.0, {"motion": 0.001}, {"motion": 4.0}),
        Observation(3, 3.0),
    ]
    (_, begin), (_, end) = changes_of(stream, before=5)
    assert (begin.event.start.index, begin.event.kept_from.index) == (2, 0)
    assert end.event.end.index == 2


def test_a_stream_that_goes_back_or_an_unknown_key_is_an_error():
    detector = finder(EventSettings(**PLAIN))
    detector.update(Observation(3, 0.0))
    with pytest.raises(ValueError, match="frame 3 comes after frame 3"):
        detector.update(Observation(3, 1.0))
    with pytest.raises(ValueError, match="'smoke'"):
        detector.update(Observation(4, 1.0, {"smoke": 0.5}))


def size_of(thing):
    """Bytes of a thing and all it holds, a loop over its tree."""
    total, waiting, seen = 0, [thing], set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, (list, tuple, collections.deque)):
            waiting += item
        waiting += [vars(item)] if hasattr(item, "__dict__") and not isinstance(item, type) else []
    return total


def test_memory_does_not_grow_over_a_long_stream():
    settings = PLAIN | {"before": 50, "merge_gap": 20, "after": 20}
    detector = finder(EventSettings(**settings))
    sizes, begun = {}, 0
    for index in range(100_000):
        p = 0.001 if index % 200 < 100 and index < 50_000 or index > 60_000 else 0.5
        changes = detector.update(
            Observation(index, index / 25, {"missing": p, "motion": 0.001}, {"missing": p, "motion": index})
        )
        begun += sum(change.what == "begin" for change in changes)
        if index in (999, 99_999):
            sizes[index] = size_of(detector)
    assert begun == 1 + 250 + 1
    assert sizes[99_999] <= 1.05 * sizes[999]
