"""Events of random score curves against the offline rules."""

import numpy as np
import pytest

from tests.watching import offline
from vpn_anomaly.scoring.event_kinds import KIND_NAMES
from vpn_anomaly.watching.event_finder import EventFinder, Watch
from vpn_anomaly.watching.events import EventSettings, Observation


def random_curve(rng, count):
    """p-values that wander over both thresholds, their scores with ties, changes of light."""
    steps = rng.normal(size=count)
    place = np.cumsum(steps) % 8 if rng.random() < 0.5 else rng.uniform(0, 8, count)
    p = np.exp(-np.abs(place - 4) * 2)
    p[rng.random(count) < 0.1] = np.nan
    score = rng.integers(0, 20, count).astype(float)
    return p, score, rng.random(count) < rng.choice([0, 0.02, 0.2])


def random_settings(rng):
    merge_gap = int(rng.integers(0, 8))
    return EventSettings(
        open_p=float(rng.uniform(0.001, 0.2)),
        close_p=float(rng.uniform(0.2, 0.7)),
        merge_gap=merge_gap,
        minimum_frames=int(rng.integers(1, 6)),
        before=int(rng.integers(0, 9)),
        after=int(rng.integers(0, merge_gap + 1)),
        light_change=int(rng.integers(0, 5)),
    )


def detected(settings, curves, light):
    """The events that the detector tells of, frame by frame."""
    detector, found = EventFinder({kind: Watch(kind, settings) for kind in KIND_NAMES}), []
    begun, open_kinds = {}, set()
    count = len(light)
    for t in range(count + 1):
        changes = (
            detector.finish()
            if t == count
            else detector.update(
                Observation(
                    t,
                    t / 30,
                    {kind: curves[kind][0][t] for kind in KIND_NAMES},
                    {kind: curves[kind][1][t] for kind in KIND_NAMES},
                    light=bool(light[t]),
                )
            )
        )
        for change in changes:
            event = change.event
            if change.what == "begin":
                assert event.kind not in open_kinds and event.id == len(begun)
                begun[event.id] = t
                open_kinds.add(event.kind)
            assert event.kind in open_kinds
            if change.what == "end":
                open_kinds.remove(event.kind)
                found.append(
                    offline.Found(
                        event.kind,
                        event.start.index,
                        event.end.index,
                        event.kept_from.index,
                        event.kept_to.index,
                        event.peak.moment.index,
                        event.frames,
                        begun[event.id],
                        t if t < count else None,
                    )
                )
    assert not open_kinds
    return found


@pytest.mark.parametrize("quarter", range(4))
def test_random_curves_have_the_events_of_the_offline_rules(quarter):
    for seed in range(25 * quarter, 25 * quarter + 25):
        rng = np.random.default_rng(seed)
        settings = random_settings(rng)
        curves = {kind: random_curve(rng, 150) for kind in KIND_NAMES}
        light = curves["motion"][2]
        found = detected(settings, curves, light)
        for kind in KIND_NAMES:
            p, score, _ = curves[kind]
            expected = offline.find_events(kind, p, score, light, settings)
            assert [event for event in found if event.kind == kind] == expected, seed
