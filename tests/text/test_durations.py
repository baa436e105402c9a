"""How times are shown."""

import pytest

from vpn_anomaly.text import durations


@pytest.mark.parametrize(
    "show, expected",
    [
        (durations.frame_time, {0: "0:00:00.000", 59.9996: "0:01:00.000", 90061.25: "25:01:01.250"}),
        (
            durations.axis_time,
            {0: "0:00.0", 62.34: "1:02.3", 3599.94: "59:59.9", 3599.96: "1:00:00", 86400: "24:00:00"},
        ),
        (durations.countdown, {0.9: "0:00", 65.5: "1:05", 3600: "60:00"}),
        (durations.rough_duration, {41.2: "41 s", 431: "7 min", 11500: "3.2 h"}),
    ],
)
def test_shown(show, expected):
    assert {seconds: show(seconds) for seconds in expected} == expected
