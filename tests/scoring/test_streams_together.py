"""Streams whose frames go through the model together: each scores what it scores alone."""

import types

import numpy as np
import pytest

from tests.systems.examples import example, small_config
from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.scoring import stream_scorer
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.member_stream import MemberStream
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_detector import StreamDetector, detect_together
from vpn_anomaly.scoring.stream_scorer import StreamScorer, score_together
from vpn_anomaly.scoring.trained_member import TrainedMember

SHIFTS = np.array([[0, 0], [2, 3]])
HEIGHT, WIDTH = 18, 21
LENGTHS = (11, 10, 14, 9)
# Of each round, the streams that have a frame; others have none yet, or are slower. Stream 1 breaks off after its
# fourth frame and begins anew.
ROUNDS = [range(4), (0, 2), range(4), (1, 2, 3), (3,), range(4)] * 4
BROKEN, AT = 1, 4


@pytest.fixture(scope="module")
def model():
    return example(small_config())[:2]


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (count, HEIGHT, WIDTH, 1), dtype=np.uint8) for count in LENGTHS]


def detector(model):
    """Two members, one of which looks at every third frame and smooths its scores."""
    calibration = Calibration.fit({name: np.arange(40.0) / 20 for name in score_names(model[0])})
    normal = types.SimpleNamespace(calibration=calibration, log_least_p=np.zeros(9))
    scorers = {"motion": StreamScorer(*model, SHIFTS, HEIGHT, WIDTH)}
    scorers["appearance"] = StreamScorer(*model, SHIFTS[:1], HEIGHT, WIDTH, smoothing=2)
    members = [
        MemberStream(TrainedMember(name, None, None, 0.5, 3 if name == "appearance" else 1), scorer, normal)
        for name, scorer in scorers.items()
    ]
    return StreamDetector(members, channels=1)


def alone(model, film, breaks):
    one, found = detector(model), []
    for number, image in enumerate(film):
        if breaks and number == AT:
            one.restart()
        found.append(one(Frame(number, number / 25, image)))
    return found


def assert_same(one, other):
    assert one.scores.keys() == other.scores.keys() and one.p.keys() == other.p.keys()
    assert one.leader == other.leader
    for name, score in one.scores.items():
        np.testing.assert_allclose(score, other.scores[name], rtol=1e-5, atol=1e-5)
    for name, look in one.looks.items():
        assert look.new == other.looks[name].new
        for of_map, value in look.maps.value.items():
            np.testing.assert_allclose(value, other.looks[name].maps.value[of_map], rtol=1e-5, atol=1e-5)


def test_four_streams_at_once_detect_what_each_detects_alone(model, films):
    base = detector(model)
    streams, found = [base.another_stream() for _ in films], [[] for _ in films]
    for round_of in ROUNDS:
        numbers = [number for number in round_of if len(found[number]) < LENGTHS[number]]
        for number in numbers:
            if number == BROKEN and len(found[number]) == AT:
                streams[number].restart()
        frames = [Frame(at := len(found[number]), at / 25, films[number][at]) for number in numbers]
        if numbers:
            results = detect_together([streams[number] for number in numbers], frames)
            for number, result in zip(numbers, results, strict=True):
                found[number].append(result)
    assert tuple(map(len, found)) == LENGTHS
    for number, film in enumerate(films):
        expected = alone(model, film, number == BROKEN)
        assert expected[-1].scores
        for one, other in zip(found[number], expected, strict=True):
            assert_same(one, other)
    assert not base.members[0].scorer._seen  # it is no stream of its own


def test_a_stream_without_a_frame_keeps_its_state(model, films):
    streams = [StreamScorer(*model, SHIFTS, HEIGHT, WIDTH).another_stream()]
    streams += [streams[0].another_stream() for _ in range(2)]
    score_together(streams, [film[0] for film in films[:3]])
    before = streams[1]._state
    score_together([streams[0], streams[2]], [films[0][1], films[2][1]])
    assert streams[1]._state is before


@pytest.mark.parametrize(
    "streams, largest, batches",
    [(1, 4, [1]), (2, 4, [2]), (3, 4, [2, 1]), (4, 4, [4]), (7, 4, [4, 2, 1]), (13, 64, [8, 4, 1])],
)
def test_batches_are_powers_of_two(monkeypatch, streams, largest, batches):
    sizes = []
    monkeypatch.setattr(stream_scorer, "traced_size", lambda sizes: largest)
    monkeypatch.setattr(
        stream_scorer, "_score_batch", lambda scorers, frames: sizes.append(len(scorers)) or list(frames)
    )
    scorers = [types.SimpleNamespace(scores_like=lambda other: True) for _ in range(streams)]
    assert score_together(scorers, list(range(streams))) == list(range(streams)) and sizes == batches


def test_streams_of_other_scorers_are_refused(model, films):
    one, other = (StreamScorer(*model, SHIFTS, HEIGHT, WIDTH) for _ in range(2))
    images = [film[0] for film in films[:2]]
    with pytest.raises(ValueError, match="differ in more than their streams"):
        score_together([one, other], images)
    with pytest.raises(ValueError, match="one next frame"):
        score_together([one, one], images)
