"""Two members on one stream: each scores what it would score alone, and one score is made of both."""

import math
import threading
import types

import numpy as np
import pytest

from tests.data.video_files import images
from tests.systems.examples import example, small_config
from vpn_anomaly.data.video.open_video import Frame, VideoSettings, open_video
from vpn_anomaly.scoring import stream_detector
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_detector import StreamDetector, work_sizes
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.watching.live import Live

SHIFTS = np.array([[0, 0], [2, 3]])
COUNT, HEIGHT, WIDTH = 14, 36, 42  # of the frames before they are resized
LIMITS = {"motion": 18, "appearance": 16}  # the greatest height of each member's frames
SHARES = {"motion": 0.75, "appearance": 0.25}
# The scores that `any` is made of.
IN_ANY = ("tail_mean", "missing_z", "intruding_z")


@pytest.fixture(scope="module")
def model():
    return example(small_config())[:2]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A file of coloured frames."""
    path = tmp_path_factory.mktemp("source") / "frames.npy"
    shape = (COUNT, HEIGHT, WIDTH, 3)
    np.save(path, np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    return str(path)


@pytest.fixture(scope="module")
def alone(model, source):
    """By member, the scores of each frame from a stream of frames that were decoded at its size."""

    def scores(name, step=1):
        frame_TxHxWx1 = images(source, height=LIMITS[name])
        scorer = StreamScorer(*model, SHIFTS, *frame_TxHxWx1.shape[1:3])
        return [scorer(frame).scores for frame in frame_TxHxWx1[::step]]

    return scores


@pytest.fixture(scope="module")
def normal_scores(model, alone):
    """A function that draws scores by member, distributed about as those of the source."""
    of_source = {
        name: {score: [one[score] for one in alone(name) if one] for score in score_names(model[0])}
        for name in LIMITS
    }
    return lambda rng, count: {
        name: {score: rng.normal(np.mean(values), np.std(values), count) for score, values in of.items()}
        for name, of in of_source.items()
    }


@pytest.fixture(scope="module")
def calibration(normal_scores):
    """By member."""
    drawn = normal_scores(np.random.default_rng(1), 60)
    return {name: Calibration.fit(scores) for name, scores in drawn.items()}


def size_of(name):
    return LIMITS[name], round(WIDTH * LIMITS[name] / HEIGHT)


def detector(model, calibration, every=1):
    members = [
        MemberStream(
            TrainedMember(name, None, None, SHARES[name], every if name == "appearance" else 1),
            StreamScorer(*model, SHIFTS, *size_of(name)),
            types.SimpleNamespace(calibration=calibration[name], log_least_p=np.zeros(9)),
        )
        for name in LIMITS
    ]
    return StreamDetector(members, channels=1)


def detected(detector_of_source, source):
    with open_video(source, VideoSettings(height=LIMITS["motion"])) as video:
        return [detector_of_source(frame) for frame in video]


def of_member(scores, name):
    """The scores of a member among those of all, by their plain names."""
    chosen = {}
    for column, score in scores.items():
        member, _, plain = column.rpartition(".")
        if (member or "motion") == name:
            chosen[plain] = score
    return chosen


def test_every_member_scores_what_it_scores_alone(model, calibration, source, alone):
    both = detector(model, calibration)
    found = detected(both, source)
    names = score_names(model[0])
    assert both.columns == (*names, *(f"appearance.{name}" for name in names))
    assert both.names == ("motion", "appearance") and both.first_frame == model[0].first_frame
    for name in LIMITS:
        expected = alone(name)
        assert [of_member(one.scores, name) for one in found] == expected
        assert bool(expected[-1]) and not expected[0]
    assert found[-1].looks["appearance"].maps.counted.shape == size_of("appearance")


def test_members_look_at_a_frame_at_the_same_time(model, calibration, source, monkeypatch):
    meeting, look = threading.Barrier(len(LIMITS), timeout=30), stream_detector.look_together

    def met_look(streams, images):
        meeting.wait()  # an error unless the others look too
        return look(streams, images)

    monkeypatch.setattr(stream_detector, "look_together", met_look)
    assert detected(detector(model, calibration), source)[-1].scores


def test_the_sizes_of_members_follow_from_that_of_the_source():
    members = [
        TrainedMember(name, small_config(data__video__height=limit), None) for name, limit in LIMITS.items()
    ]
    assert work_sizes(members, (HEIGHT, WIDTH)) == ((18, 21), (16, 19))


def test_p_values_are_those_of_the_member_and_kind(model, calibration, source):
    both = detector(model, calibration)
    last = detected(both, source)[-1]
    assert list(last.p) == [
        *("missing", "intruding", "motion"),
        *("appearance.missing", "appearance.intruding", "appearance.motion"),
    ]
    for key, p in last.p.items():
        watched = both.watched[key]
        assert watched.column == key.replace(watched.kind, watched.score)
        expected = calibration[watched.member].p_value(watched.score, last.scores[watched.column])
        assert p == pytest.approx(float(expected), rel=1e-12)


def any_by_hand(found, calibration):
    """min over members of (1 − (1 − p)³) / share, p the least of three."""
    parts = []
    for name, share in SHARES.items():
        scores = of_member(found.scores, name)
        if scores:
            least = min(float(calibration[name].p_value(score, scores[score])) for score in IN_ANY)
            parts.append((1 - (1 - least) ** 3) / share)
    return -math.log(min(parts)), parts


@pytest.mark.parametrize("every", [1, 3])
def test_any_is_the_least_p_value_over_the_shares(model, calibration, source, every):
    leaders, first = set(), model[0].first_frame
    for number, found in enumerate(detected(detector(model, calibration, every), source)):
        if number < first:
            assert found.any is None and not found.scores
            continue
        expected, parts = any_by_hand(found, calibration)
        assert found.any == pytest.approx(expected, rel=1e-9)
        assert len(parts) == (1 if number < first * every else 2)  # the other has said nothing yet
        assert found.leader == list(SHARES)[int(np.argmin(parts))]
        leaders.add(found.leader)
    assert leaders == set(LIMITS)


def test_the_least_p_value_over_the_shares_is_about_uniform(calibration, normal_scores):
    rate, count = 0.1, 1000
    drawn = normal_scores(np.random.default_rng(2), count)
    p = [
        np.exp(calibration[name].log_least_p(IN_ANY, {score: drawn[name][score] for score in IN_ANY})) / share
        for name, share in SHARES.items()
    ]
    assert abs(np.mean(np.min(p, axis=0) <= rate) - rate) < 4 * math.sqrt(
        rate * (1 - rate) * (1 / count + 1 / 60)
    )


@pytest.mark.parametrize("every", [2, 3])
def test_between_its_looks_what_a_member_said_stands(model, calibration, source, alone, every):
    found, expected = detected(detector(model, calibration, every), source), alone("appearance", every)
    assert [of_member(one.scores, "motion") for one in found] == alone("motion")
    for number, one in enumerate(found):
        assert of_member(one.scores, "appearance") == expected[number // every]
        if "appearance" in one.looks:
            assert one.looks["appearance"].new == (number % every == 0)
    first = every * model[0].first_frame
    assert ["appearance" in one.looks for one in found] == [number >= first for number in range(COUNT)]


def test_a_restart_forgets_everything(model, calibration, source):
    both = detector(model, calibration, every=3)
    first = detected(both, source)
    both.restart()
    again = detected(both, source)
    assert [(one.scores, one.any) for one in again] == [(one.scores, one.any) for one in first]


def test_the_frames_of_a_live_source_are_resized_for_each_member(model, calibration, source, alone):
    with open_video(source, VideoSettings(height=LIMITS["motion"])) as video:
        video.live = True
        with Live(source, VideoSettings(), video=video, waiting=COUNT) as live:
            both = detector(model, calibration)
            found = [both(next(live).frame) for _ in range(COUNT)]
    assert [of_member(one.scores, "appearance") for one in found] == alone("appearance")


def test_without_members_any_is_that_of_the_calibration(model, calibration, source):
    member = MemberStream(
        TrainedMember("", None, None),
        StreamScorer(*model, SHIFTS, *size_of("motion")),
        types.SimpleNamespace(calibration=calibration["motion"], log_least_p=np.zeros(9)),
    )
    single = StreamDetector([member], channels=1)
    assert single.names == () and single.columns == score_names(model[0])
    images_TxHxWx1 = images(source, height=LIMITS["motion"])
    for number, image in enumerate(images_TxHxWx1):  # without pictures: nothing is resized
        found = single(Frame(number, number / 25, image))
        if found.scores:
            assert found.any == float(calibration["motion"].any(found.scores))
