"""Scores of normal footage: which frames they are of, and for what stored ones serve."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from scipy import stats

from tests.systems.examples import example, small_config
from vpn_anomaly.catalogue import SystemRow
from vpn_anomaly.data.video.clips import split_within_videos
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.normal_footage import NormalFootage, calibrating_sizes, check_footage
from vpn_anomaly.scoring.places import PlaceStatistics
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.stream_calibration import StreamCalibration, stream_calibration
from vpn_anomaly.scoring.stream_scorer import Scored, StreamScorer
from vpn_anomaly.scoring.trained_model import TrainedModel
from vpn_anomaly.storage import calibration_file

SIDE, SHIFTS = 16, np.array([[0, 0], [2, 3]])


@pytest.fixture(scope="module")
def model():
    return example(small_config())[:2]


@pytest.fixture(scope="module")
def footage():
    shape = (60, SIDE, SIDE, 1)
    video = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    return NormalFootage(lambda: {"belt": video}, split_within_videos)


def unreadable():
    raise AssertionError("what is stored was not used")


def test_what_is_held_out_calibrates_clip_by_clip(model, footage):
    streamer = StreamScorer(*model, SHIFTS, SIDE, SIDE)
    made = stream_calibration(TrainedModel(None, {"step": 1}, (), None), streamer, footage)
    streamer.restart()
    scores = [streamer(frame).scores.get("mean_nll") for frame in footage.read()["belt"]]
    assert made.clip_N.tolist() == [0, 0, 0, 1, 1, 1]  # halves of the last tenth of 60 frames
    assert made.frame_N.tolist() == list(range(54, 60)) and not made.video_N.any()
    np.testing.assert_allclose(made.scores["mean_nll"], scores[54:], rtol=1e-4)
    np.testing.assert_allclose(made.calibration.scores["mean_nll"], np.sort(scores[54:]), rtol=1e-4)


def test_every_nth_frame_is_a_stream_of_its_own(model, footage):
    streamer = StreamScorer(*model, SHIFTS, SIDE, SIDE)
    made = stream_calibration(TrainedModel(None, {"step": 1}, (), None), streamer, footage, every=2)
    streamer.restart()
    scores = [streamer(frame).scores.get("mean_nll") for frame in footage.read()["belt"][::2]]
    assert made.clip_N.tolist() == [0, 0, 1] and made.frame_N.tolist() == [54, 56, 58]
    np.testing.assert_allclose(made.scores["mean_nll"], scores[27:], rtol=1e-4)


@dataclasses.dataclass(frozen=True)
class FittedSystem:
    """Its parameters are the numbers of the clips that it knows. It scores from frame 1 on."""

    about = SystemRow("fitted", "", streams=True, fits=True)
    first_frame: int = 1

    def without(self, params, number):
        return params - {number}


class FittedScorer:
    """What `stream_calibration` uses of a StreamScorer. Frames say the clip that they are of.

    The score is the number of clips that are known, or −1 for a frame of one of these.
    """

    tail, zones_HxW, masks, height, width, smoothing = True, None, 1, SIDE, SIDE, 0

    def __init__(self, params):
        self.system, self.params = FittedSystem(), params
        self.restart()

    def with_params(self, params):
        return FittedScorer(params)

    def against(self, places):
        return self

    def restart(self):
        self.seen = 0

    def __call__(self, frame):
        self.seen += 1
        score = -1.0 if int(frame[0, 0, 0]) in self.params else len(self.params)
        return Scored({"mean_nll": score} if self.seen > 1 else {}, None)


def test_a_fitted_system_leaves_out_every_clip_in_turn(monkeypatch):
    monkeypatch.setattr("vpn_anomaly.scoring.stream_calibration.score_names", lambda *_: ("mean_nll",))
    video = np.broadcast_to(np.repeat(np.arange(4), 75)[:, None, None, None], (300, SIDE, SIDE, 1))
    other = np.zeros((90, SIDE, 2 * SIDE, 1))
    footage = NormalFootage(lambda: {"other": other, "belt": video + 1}, None)
    scorer = FittedScorer(frozenset(range(5)))
    made = stream_calibration(TrainedModel(None, {"step": 1}, (), None), scorer, footage)
    assert np.bincount(made.clip_N).tolist() == [74, 75, 75, 75]
    assert (made.video_N == 1).all() and made.frame_N.tolist() == list(range(1, 300))
    assert (made.scores["mean_nll"] == 4).all()
    assert scorer.params == frozenset(range(5))


def test_what_places_show_is_of_frames_that_were_trained_on_and_stored(model, footage, tmp_path, monkeypatch):
    monkeypatch.setattr("vpn_anomaly.scoring.place_statistics.FRAMES", 20)
    streamer = StreamScorer(*model, SHIFTS, SIDE, SIDE)
    trained = TrainedModel.in_run(tmp_path, None, {"step": 1})
    made = stream_calibration(trained, streamer, footage, with_places=True)
    maps = [streamer(frame).maps for frame in footage.read()["belt"]]
    expected = PlaceStatistics()
    for number in (*range(8, 18), *range(35, 45)):  # the middle of each half of the nine tenths
        expected.add(maps[number])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0.05), made.places, expected.places())
    against = streamer.against(made.places)
    scores = [against(frame).scores.get("place_z") for frame in footage.read()["belt"]]
    np.testing.assert_allclose(made.scores["place_z"], scores[54:], rtol=1e-2)
    again = stream_calibration(trained, streamer, NormalFootage(unreadable, footage.divide), with_places=True)
    jax.tree.map(np.testing.assert_array_equal, again.places, made.places)
    with pytest.raises(AssertionError, match="not used"):
        stream_calibration(trained, streamer, NormalFootage(unreadable, footage.divide))


def made_calibration(rng, clips=6, length=40):
    scores = {name: rng.normal(size=clips * length) for name in ("tail_mean", "missing_z", "intruding_z")}
    clip_N, frame_N = np.divmod(np.arange(clips * length), length)
    return StreamCalibration(scores, clip_N, clip_N, frame_N)


def test_every_clip_is_judged_by_the_others_alone():
    made = made_calibration(np.random.default_rng(0))
    for clip in range(6):
        own = made.clip_N == clip
        others = Calibration.fit({name: score[~own] for name, score in made.scores.items()})
        any_x = others.any({name: score[own] for name, score in made.scores.items()})
        np.testing.assert_allclose(np.exp(made.log_p["any"][own]), others.p_value("any", any_x))
        for name, score in made.scores.items():
            np.testing.assert_allclose(np.exp(made.log_p[name][own]), others.p_value(name, score[own]))


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_the_rate_over_clips_is_that_which_is_stated(rate):
    made = made_calibration(np.random.default_rng(1), clips=20, length=100)
    found = made.score_threshold("any", rate, False)
    assert found.threshold.p == rate
    low, high = stats.binom.ppf([0.005, 0.995], 2000, rate)
    assert low <= found.held_out.flagged_N.sum() <= high
    value, least, most = found.held_out.of_frames
    assert least < value < most and least < rate < most
    both = made.false_alarms(["tail_mean", "missing_z"], rate)
    either = (made.log_p["tail_mean"] <= np.log(rate)) | (made.log_p["missing_z"] <= np.log(rate))
    np.testing.assert_array_equal(both.flagged_N, either)


def test_one_clip_that_differs_shows_in_the_interval_and_in_the_support():
    made = made_calibration(np.random.default_rng(2))
    scores = {name: score + 5 * (made.clip_N == 3) for name, score in made.scores.items()}
    odd = dataclasses.replace(made, scores=scores)
    found = odd.score_threshold("any", 0.02, False)
    assert found.held_out.flagged_N[made.clip_N == 3].all()  # none of the others is like it
    assert found.threshold.p > 1 / 13 and "6 normal clips" in found.threshold.note
    assert found.held_out.of_frames.high - found.held_out.of_frames.low > 0.3
    assert odd.score_threshold("any", 0.02, True).threshold.p == 0.02


def test_too_short_footage_is_refused(model, footage):
    short = np.zeros((9, SIDE, SIDE, 1), np.uint8)
    shorter = NormalFootage(lambda: {"belt": short}, split_within_videos)
    with pytest.raises(UserError, match="too short .* 1 of the 1 clips .* 2 are needed; give longer"):
        check_footage(shorter, model[0].first_frame)
    check_footage(footage, 56)
    with pytest.raises(UserError, match="begin after 57 frames of a video, so that 1 of the 2 clips"):
        check_footage(footage, 57)
    with pytest.raises(UserError, match="too short .* 0 of the 1"):
        stream_calibration(
            TrainedModel(None, {"step": 1}, (), None), StreamScorer(*model, SHIFTS, SIDE, SIDE), shorter, 30
        )
    assert calibrating_sizes(footage) == {(SIDE, SIDE)} and not calibrating_sizes(shorter)


def test_stored_scores_serve_where_they_are_all_there(model, footage, tmp_path):
    trained = TrainedModel.in_run(tmp_path, None, {"step": 1})
    stored_only = NormalFootage(unreadable, footage.divide)
    lean, whole = (StreamScorer(*model, SHIFTS, SIDE, SIDE, tail=tail) for tail in (False, True))
    made = stream_calibration(trained, lean, footage)
    again = stream_calibration(trained, lean, stored_only)
    jax.tree.map(np.testing.assert_array_equal, made.scores, again.scores)
    np.testing.assert_array_equal(made.clip_N, again.clip_N)
    with pytest.raises(AssertionError, match="not used"):  # the scores of tails are missing
        stream_calibration(trained, whole, stored_only)
    assert "any" in stream_calibration(trained, whole, footage).calibration.scores
    less = stream_calibration(trained, lean, stored_only)
    assert tuple(less.scores) == score_names(lean.system, tail=False)
    assert less.calibration.scores.keys() == less.scores.keys()


def test_scores_that_do_not_say_their_clips_are_made_again(model, footage, tmp_path):
    trained, streamer = (
        TrainedModel.in_run(tmp_path, None, {"step": 1}),
        StreamScorer(*model, SHIFTS, SIDE, SIDE),
    )
    stream_calibration(trained, streamer, footage)
    folder = trained.new_calibration
    record = json.loads(np.load(calibration_file.path(folder, calibration_file.STREAM))["record"].item())
    stored = calibration_file.load(folder, record["made_with"], name=calibration_file.STREAM)
    del stored["clip"]
    calibration_file.save(folder, record["made_with"], stored, calibration_file.STREAM)
    with pytest.raises(AssertionError, match="not used"):
        stream_calibration(trained, streamer, NormalFootage(unreadable, footage.divide))


@pytest.mark.parametrize("other", ["step", "masks", "zones", "set", "every", "smoothing"])
def test_scores_of_something_else_do_not_serve(model, footage, tmp_path, other):
    stream_calibration(
        TrainedModel.in_run(tmp_path, None, {"step": 1}), StreamScorer(*model, SHIFTS, SIDE, SIDE), footage
    )
    zones_HxW = np.tri(SIDE, dtype=bool) if other == "zones" else None
    shifts = SHIFTS[:1] if other == "masks" else SHIFTS
    labelled_set = ("ucsd", "ped2") if other == "set" else None
    trained = TrainedModel.in_run(tmp_path, None, {"step": 2 if other == "step" else 1})
    with pytest.raises(AssertionError, match="not used"):
        stream_calibration(
            trained,
            StreamScorer(*model, shifts, SIDE, SIDE, zones_HxW, smoothing=5 if other == "smoothing" else 0),
            NormalFootage(unreadable, footage.divide, labelled_set),
            2 if other == "every" else 1,
        )
