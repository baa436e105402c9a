"""Members of which normal clips raise far more than is stated take no part."""

import types

import numpy as np
import pytest

from vpn_anomaly.scoring import trust


def member(name, share, flagged, in_any=("any",)):
    """A member that flags this part of 1,000 normal frames at the threshold for 5% of them."""
    log_p_N = np.where(np.arange(1000) < round(1000 * flagged), np.log(0.049), np.log(0.051))
    return types.SimpleNamespace(
        name=name, share=share, in_any=in_any, normal=types.SimpleNamespace(log_least_p=log_p_N)
    )


@pytest.mark.parametrize(
    "flagged, shares",
    [
        ((0.05, 0.05, 0.05), (1 / 7, 2 / 7, 4 / 7)),
        ((0.151, 0.15, 0.0), (0, 1 / 3, 2 / 3)),
        ((0.4, 0.2, 0.1), (0, 0, 1)),
        ((0.4, 0.2, 0.3), (1 / 7, 2 / 7, 4 / 7)),  # none is trusted: there is nothing better
    ],
)
def test_the_share_of_those_that_flag_over_three_times_as_many_goes_to_the_others(flagged, shares):
    members = [member(*of, part) for of, part in zip([("a", 1 / 7), ("b", 2 / 7), ("c", 4 / 7)], flagged)]
    lines = trust.share_alarms(members)
    assert [one.share for one in members] == pytest.approx(shares)
    assert len(lines) == shares.count(0)
    for line, one in zip(lines, (one for one in members if not one.share)):
        assert f"member {one.name} raises no alarms" in line
        assert f"flag {trust.flagged_part(one):.0%}" in line


def test_a_single_member_keeps_its_share():
    alone = member("a", 1.0, 0.9)
    assert trust.share_alarms([alone]) == [] and alone.share == 1


def test_a_member_without_scores_in_any_flags_nothing():
    assert trust.flagged_part(member("a", 1.0, 0.9, in_any=())) == 0
