"""Times of frames from lists of time stamps, against times by hand; the usual step is 0.04 s."""

import itertools

import numpy as np
import pytest

from vpn_anomaly.data.video.timeline import WINDOW, by_clock, by_timestamps

STEP = 0.04
EVEN = [round(STEP * number, 9) for number in range(60)]
SEVERAL = [0, 0.02, 0.5, 0.52, 3, 3.04, 10, 11, 11.01, 700, 700.5, 701, 702, 703]


def times(stamps, indices=None):
    given = list(by_timestamps(zip(indices or itertools.count(), stamps, stamps), STEP))
    assert [stamp for _, _, stamp in given] == list(stamps)
    seconds = [seconds for _, seconds, _ in given]
    assert seconds[0] == 0 and (np.diff(seconds) > 0).all()
    return seconds


def replaced(stamps, new):
    return [new.get(number, stamp) for number, stamp in enumerate(stamps)]


@pytest.mark.parametrize("stamps", [EVEN, SEVERAL, [5 + at for at in SEVERAL], [7.0], [0, 60, 120.5, 180]])
def test_stamps_that_grow_are_the_times(stamps):
    np.testing.assert_allclose(times(stamps), np.array(stamps) - stamps[0], atol=1e-9)


@pytest.mark.parametrize("places", [[20], [1], [0], [59], [58], [10, 30], [20, 21], [20, 22]])
@pytest.mark.parametrize("wrong", [1e6, -1e6, 0.0, 1.2, 3.0, None])
@pytest.mark.parametrize("first", [0.0, 100.0])
def test_a_wrong_or_absent_stamp_moves_no_other(places, wrong, first):
    stamps = replaced([at + first for at in EVEN], dict.fromkeys(places, wrong))
    others = np.setdiff1d(np.arange(60), places)
    got = np.array(times(stamps))
    np.testing.assert_allclose(np.diff(got[others]), np.diff(np.array(EVEN)[others]), atol=1e-9)


@pytest.mark.parametrize("back", [1e5, 10.0, 2.0, 0.4])
def test_a_counter_that_stays_behind_has_begun_anew(back):
    stamps = EVEN[:30] + [at - back for at in EVEN[30:]]
    np.testing.assert_allclose(times(stamps), EVEN, atol=1e-9)


def test_a_counter_that_begins_anew_all_the_time():
    stamps = [at for start in (9, 5, 7, 0, 3) for at in np.array(EVEN[:12]) + start]
    got = times(stamps)
    forward = {23: 2 - 0.44, 47: 3 - 0.44}  # 5 to 7, 0 to 3: these may be gaps
    steps = replaced([STEP] * 59, forward)
    np.testing.assert_allclose(np.diff(got), steps, atol=1e-9)


def test_two_that_are_exchanged_stay_between_their_neighbours():
    got = times(replaced(EVEN, {20: EVEN[21], 21: EVEN[20]}))
    np.testing.assert_allclose(np.delete(got, [20, 21]), np.delete(EVEN, [20, 21]), atol=1e-9)


@pytest.mark.parametrize("stamps", [[None] * 40, [0.0] * 40, [5.0] * 40])
def test_without_stamps_or_with_one_alone_time_goes_by_index(stamps):
    indices = [*range(10), *range(13, 43)]
    np.testing.assert_allclose(times(stamps, indices), STEP * np.array(indices), atol=1e-9)


def test_stamps_for_some_frames_only():
    stamps = [at if number % 6 == 3 else None for number, at in enumerate(EVEN)]
    np.testing.assert_allclose(times(stamps), EVEN, atol=1e-9)


def test_stamps_in_pairs_are_spread():
    """Half pictures, or stamps that are coarser than the frames."""
    got = times([at for at in EVEN[:20] for _ in range(2)])
    np.testing.assert_allclose(got[:-1], np.arange(39) * STEP / 2, atol=1e-9)


def test_few_frames_are_kept():
    """One where stamps are plain; where they are not, until it is clear what they are."""
    read = itertools.count()
    stamps = EVEN[:30] + [at + 600 for at in EVEN[30:]]
    frames = ((next(read), stamp, None) for stamp in stamps)
    most = {index: int(repr(read)[6:-1]) - index for index, *_ in by_timestamps(frames, STEP)}
    assert most.pop(30) == WINDOW and max(most[index] for index in range(30)) == 2


def test_a_clock_that_stands_still():
    given = by_clock(iter([(0, 5.0, "a"), (1, 5.0, "b"), (2, 5.5, "c")]), STEP)
    assert [(index, round(seconds, 9)) for index, seconds, _ in given] == [(0, 0), (1, 0.04), (2, 0.54)]
