"""From the false alarms that a user allows to a threshold of p-values."""

import math

from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.support import Support, Threshold, supported

SECONDS_PER_HOUR = 3600


def rate_per_frame(alarms_per_hour: float, frames_per_second: float) -> float:
    """The probability of a false alarm in a frame that gives so many of them per hour.

    Raises:
      UserError: a value is not positive, or there are as many alarms as frames.
    """
    if not 0 < frames_per_second < math.inf:
        raise UserError(f"{frames_per_second} frames per second; give a number above 0")
    frames_per_hour = frames_per_second * SECONDS_PER_HOUR
    if not 0 < alarms_per_hour < frames_per_hour:
        raise UserError(
            f"{alarms_per_hour} false alarms per hour; give more than 0 and less than the"
            f" {frames_per_hour:g} frames per hour"
        )
    return alarms_per_hour / frames_per_hour


def alarm_threshold(rate: float, kinds: int, support: Support, extrapolate: bool) -> Threshold:
    """The p-value for each of the kinds, so that a frame is a false alarm with at most this rate.

    The rate is shared equally (Bonferroni): p = rate / kinds, however the kinds depend on
    each other. False alarms come in runs of frames, and a run is one alarm; so there are fewer
    alarms than the rate allows, and fewer still by a minimum length.

    Args:
      rate: probability of a false alarm in a frame, of any kind.
      kinds: how many kinds of events are watched for.
      support: how rare the normal footage that p-values come from can show them to be.
      extrapolate: whether rarer ones are used nevertheless.

    Raises:
      UserError: the rate is not between 0 and 1.
      ValueError: there are no kinds.
    """
    if not 0 < rate < 1:
        raise UserError(f"{rate} false alarms per frame; give a rate between 0 and 1")
    if kinds < 1:
        raise ValueError(f"{kinds} kinds; 1 or more")
    return supported(rate / kinds, support, extrapolate)
