"""Calibration on normal scores of known distributions."""

import math

import numpy as np
import pytest
from scipy import stats

from tests.score_columns import BLOCK_SCORES, DISTRIBUTION_SCORES, WAYS
from vpn_anomaly.scoring.calibration import RESIDUAL, Calibration, combined, derived_from, in_any

COMBINED = ("tail_mean", "missing_z", "intruding_z")
DISTRIBUTIONS = {
    "exponential": lambda rng, count: rng.exponential(size=count),
    "normal": lambda rng, count: rng.normal(size=count),
    "gamma": lambda rng, count: rng.gamma(3.0, 0.01, count),
}


def correlated_scores(rng, count):
    """Three scores that share a part, on different scales."""
    shared = rng.normal(size=count)
    return {
        name: scale * (shared + rng.normal(size=count)) for name, scale in zip(COMBINED, (0.01, 1.0, 30.0))
    }


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_p_values_of_held_out_normal_scores_are_uniform(distribution):
    draw = DISTRIBUTIONS[distribution]
    rng = np.random.default_rng(0)
    calibration = Calibration.fit({"score": draw(rng, 4000)})
    p = calibration.p_value("score", draw(rng, 1000))
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert len(np.unique(p)) == 1000


def test_p_value_at_a_calibration_score_counts_those_as_high():
    calibration = Calibration.fit({"score": np.array([4.0, 1.0, 2.0, 2.0])})
    p = calibration.p_value("score", np.array([1.0, 1.5, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(p, [4 / 5, 3.5 / 5, 3 / 5, 2 / 5, 1 / 5])


def test_the_tail_is_the_exponential_distributions():
    rng = np.random.default_rng(1)
    calibration = Calibration.fit({"score": rng.exponential(2.0, 20000)})
    greatest = calibration.scores["score"][-1]
    log_p = calibration.log_p_value("score", greatest + np.array([0.0, 10.0, 20000.0]))
    assert log_p[0] == pytest.approx(-np.log(20001))
    np.testing.assert_allclose(log_p[1:] - log_p[0], [-5.0, -10000.0], rtol=0.06)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_p_values_fall_strictly(distribution):
    draw = DISTRIBUTIONS[distribution]
    values = draw(np.random.default_rng(2), 64)
    calibration = Calibration.fit({"score": values})
    grid = np.linspace(values.min() - values.std(), values.max() + 3000 * values.std(), 100000)
    log_p = calibration.log_p_value("score", grid)
    assert (np.diff(log_p) < 0).all() and log_p[0] < 0 and np.isfinite(log_p).all()


@pytest.mark.parametrize("rate", [0.2, 0.05, 0.01])
def test_thresholds_keep_the_false_alarm_rate(rate):
    rng = np.random.default_rng(3)
    calibration = Calibration.fit(correlated_scores(rng, 2000))
    test = correlated_scores(rng, 20000)
    test["any"] = calibration.any(test)
    for name in (*COMBINED, "any"):
        alarms = np.mean(test[name] > calibration.threshold(name, rate))
        # Both the threshold and the alarms are counts of a binomial kind: four standard deviations.
        spread = np.sqrt(rate * (1 - rate) * (1 / 2000 + 1 / 20000))
        assert alarms == pytest.approx(rate, abs=4 * spread), name


@pytest.mark.parametrize("rate", [0.9999, 0.5, 0.05, 0.003, 1e-9])
def test_the_threshold_has_the_rate_as_its_p_value(rate):
    calibration = Calibration.fit({"score": np.random.default_rng(4).normal(size=100)})
    threshold = calibration.threshold("score", rate)
    assert calibration.p_value("score", threshold) == pytest.approx(rate, rel=1e-9)


def test_any_follows_the_least_p_value():
    rng = np.random.default_rng(5)
    calibration = Calibration.fit(correlated_scores(rng, 500))
    test = correlated_scores(rng, 300)
    least = np.min([calibration.p_value(name, test[name]) for name in COMBINED], axis=0)
    np.testing.assert_allclose(calibration.any(test), -np.log(1 - (1 - least) ** 3), rtol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_least_of_some_p_values_is_corrected_for_their_number(count):
    rng = np.random.default_rng(8)
    calibration, names = Calibration.fit(correlated_scores(rng, 500)), COMBINED[:count]
    test = correlated_scores(rng, 300)
    expected = []
    for number in range(300):
        least = min(float(calibration.p_value(name, test[name][number])) for name in names)
        expected.append(1 - math.prod([1 - least] * count))
    np.testing.assert_allclose(np.exp(calibration.log_least_p(names, test)), expected, rtol=1e-9)


def test_the_joint_score_has_the_surprise_of_what_is_shown_beside_the_others():
    rng = np.random.default_rng(11)
    draw = lambda count: correlated_scores(rng, count) | {"surprise_of_shown": rng.exponential(size=count)}
    calibration, test = Calibration.fit(draw(200)), draw(100)
    derived = calibration.derived(test)
    names = (*COMBINED, "surprise_of_shown")
    least = np.min([calibration.p_value(name, test[name]) for name in names], axis=0)
    np.testing.assert_allclose(derived["any_joint"], -np.log(1 - (1 - least) ** 4), rtol=1e-9)
    np.testing.assert_array_equal(derived["any"], calibration.any({name: test[name] for name in COMBINED}))
    assert derived_from(test) == names and tuple(derived) == ("any", "any_joint")


def test_the_residual_is_a_member_where_it_was_calibrated_and_is_scored():
    rng = np.random.default_rng(12)
    draw = lambda count: correlated_scores(rng, count) | {RESIDUAL: rng.exponential(size=count)}
    normal, test = draw(200), draw(100)
    calibration = Calibration.fit(normal)
    derived = calibration.derived(test)
    least = np.min([calibration.p_value(name, test[name]) for name in (*COMBINED, RESIDUAL)], axis=0)
    np.testing.assert_allclose(derived["any_with_residual"], -np.log(1 - (1 - least) ** 4), rtol=1e-9)
    assert "any_with_residual" in calibration.scores
    without = {name: score for name, score in test.items() if name != RESIDUAL}
    np.testing.assert_array_equal(derived["any"], calibration.derived(without)["any"])
    assert tuple(calibration.derived(without)) == ("any",)
    not_calibrated = Calibration.fit({name: normal[name] for name in COMBINED})
    assert tuple(not_calibrated.derived(test)) == ("any",)


def test_any_has_no_ties_far_out():
    rng = np.random.default_rng(6)
    calibration = Calibration.fit(correlated_scores(rng, 100))
    far = {name: np.full(50, calibration.scores[name][50]) for name in COMBINED}
    far["missing_z"] = calibration.scores["missing_z"][-1] + np.linspace(0, 1e5, 50)
    score = calibration.any(far)
    assert (np.diff(score) > 0).all() and np.isfinite(score).all()


def test_any_is_held_only_with_all_its_scores():
    rng = np.random.default_rng(7)
    scores = correlated_scores(rng, 50)
    calibration = Calibration.fit(scores)
    assert set(calibration.scores) == {*COMBINED, "any"}
    assert all((np.diff(values) >= 0).all() for values in calibration.scores.values())
    del scores["missing_z"]
    assert "any" not in Calibration.fit(scores).scores


def test_a_score_that_never_varies_never_alarms():
    calibration = Calibration.fit({"constant": np.zeros(100)})
    assert calibration.p_value("constant", 0.0) == pytest.approx(100 / 101)
    assert calibration.threshold("constant", 0.05) > 0
    assert np.isfinite(calibration.log_p_value("constant", 1.0))


@pytest.mark.parametrize("values", [np.empty(0), np.array([1.0, np.nan])])
def test_calibration_needs_numbers(values):
    with pytest.raises(ValueError, match="'broken'"):
        Calibration.fit({"fine": np.ones(3), "broken": values})


def test_regularity_is_minus_that_of_medel_and_savakis():
    normal = np.array([0.3, 0.1, 0.2])
    calibration = Calibration.fit({"frame_error": normal})
    error = np.array([0.1, 0.25, 0.7])
    regularity = 1 - (error - normal.min()) / normal.max()
    derived = calibration.derived({"frame_error": error})
    assert set(derived) == {"regularity"}
    np.testing.assert_allclose(derived["regularity"], -regularity)
    np.testing.assert_allclose(calibration.scores["regularity"], [-1, -2 / 3, -1 / 3])


def test_any_of_a_system_of_single_frames_has_details_for_the_tail():
    scores = correlated_scores(np.random.default_rng(7), 50)
    details = {name.replace("tail_mean", "detail_excess"): score for name, score in scores.items()}
    expected, got = (Calibration.fit(one).any(one) for one in (scores, details))
    np.testing.assert_array_equal(got, expected)
    assert "any" not in Calibration.fit({"missing_z": scores["missing_z"]}).scores


def test_derived_scores_are_made_of_few():
    assert combined(DISTRIBUTION_SCORES) == derived_from(DISTRIBUTION_SCORES) == COMBINED
    assert combined(BLOCK_SCORES) == ("missing_z", "intruding_z", "detail_excess")
    assert combined(("mean_nll", "missing_z", "intruding_z")) == ()
    assert derived_from(("frame_error",)) == ("frame_error",) and combined(("frame_error",)) == ()


def ways_of_being_unusual(rng, count):
    """A score for each way, with a shared part: positively dependent, on different scales."""
    shared = rng.exponential(size=count)
    return {way: 10.0**number * (shared + rng.exponential(size=count)) for number, way in enumerate(WAYS)}


def p_by_counting(normal_N, score):
    """The p-value of a score among normal ones, by a loop; of scores no higher than the highest."""
    distinct = sorted(set(normal_N))
    p_of = {one: sum(other >= one for other in normal_N) / (len(normal_N) + 1) for one in distinct}
    below = max(one for one in distinct if one <= score)
    above = min(one for one in distinct if one >= score)
    if below == above:
        return p_of[below]
    return p_of[below] + (score - below) / (above - below) * (p_of[above] - p_of[below])


def test_novelty_is_the_sum_of_the_logarithms_of_all_p_values():
    rng = np.random.default_rng(9)
    normal = ways_of_being_unusual(rng, 60)
    calibration = Calibration.fit(normal)
    test = {way: rng.uniform(*np.quantile(score, [0.1, 1]), (4, 5)) for way, score in normal.items()}
    novelty = lambda scores, place: (
        -sum(math.log(p_by_counting(normal[way], scores[way][place])) for way in WAYS)
    )
    expected = np.reshape([novelty(test, place) for place in np.ndindex(4, 5)], (4, 5))
    np.testing.assert_allclose(calibration.novelty(test), expected, rtol=1e-9)
    of_normal = [novelty(normal, number) for number in range(60)]
    np.testing.assert_allclose(calibration.scores["novelty"], sorted(of_normal), rtol=1e-9)
    derived = calibration.derived(test)
    assert set(derived) == {"novelty", "any"}
    np.testing.assert_array_equal(derived["novelty"], calibration.novelty(test))
    for place in np.ndindex(4, 5):
        if expected[place] < max(of_normal):
            p = p_by_counting(of_normal, expected[place])
            assert derived["any"][place] == pytest.approx(-math.log(p), rel=1e-6)


@pytest.mark.parametrize("rate", [0.2, 0.02])
def test_the_threshold_of_novelty_keeps_its_rate_however_ways_depend_on_each_other(rate):
    rng = np.random.default_rng(10)
    calibration, test = Calibration.fit(ways_of_being_unusual(rng, 2000)), ways_of_being_unusual(rng, 20000)
    alarms = np.mean(calibration.any(test) > calibration.threshold("any", rate))
    spread = np.sqrt(rate * (1 - rate) * (1 / 2000 + 1 / 20000))
    assert alarms == pytest.approx(rate, abs=4 * spread)


def test_each_way_alone_raises_novelty():
    rng = np.random.default_rng(11)
    normal = ways_of_being_unusual(rng, 200)
    calibration = Calibration.fit(normal)
    typical = {way: np.full(len(WAYS), np.median(score)) for way, score in normal.items()}
    for number, way in enumerate(WAYS):
        typical[way][number] = normal[way].max() + 30 * normal[way].std()
    assert (calibration.any(typical) > calibration.scores["any"].max()).all()


def test_novelty_takes_the_place_of_the_least_p_value_where_all_its_parts_are_there():
    assert derived_from(WAYS) == WAYS and combined(WAYS) == in_any(WAYS) == ("novelty",)
    without = WAYS[1:]
    assert derived_from(without) == combined(without) == ()
    scores = ways_of_being_unusual(np.random.default_rng(12), 30)
    del scores[WAYS[0]]
    assert set(Calibration.fit(scores).scores) == set(without)
