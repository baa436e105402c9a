"""From the false alarms that a user allows to a threshold of p-values, and the rate that it realises."""

import dataclasses
import math

import numpy as np

from vpn_anomaly.errors import UserError

SECONDS_PER_HOUR = 3600


@dataclasses.dataclass(frozen=True)
class Threshold:
    """The p-value at or below which a frame of normal footage is a false alarm of a kind of event.

    Attributes:
      p: the p-value, for every frame and every kind.
      note: a sentence where p is rarer than the calibration frames can show, else None.
    """

    p: float
    note: str | None


@dataclasses.dataclass(frozen=True)
class RealisedRate:
    """False alarms on normal footage, and the confidence interval of their rate.

    Attributes:
      alarms: their number.
      hours: how long the footage is.
      per_hour: alarms per hour.
      low, high: the exact interval of that rate, by Garwood.
    """

    alarms: int
    hours: float
    per_hour: float
    low: float
    high: float


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


def alarm_threshold(rate: float, kinds: int, calibration_frames: int) -> Threshold:
    """The p-value for each of the kinds, so that a frame is a false alarm with at most this rate.

    The rate is shared equally (Bonferroni): p = rate / kinds, however the kinds depend on
    each other. False alarms come in runs of frames, and a run is one alarm; so there are fewer
    alarms than the rate allows, and fewer still by a minimum length.

    Args:
      rate: probability of a false alarm in a frame, of any kind.
      kinds: how many kinds of events are watched for.
      calibration_frames: how many normal frames the p-values come from.

    Raises:
      UserError: the rate is not between 0 and 1.
      ValueError: there are no kinds or no calibration frames.
    """
    if not 0 < rate < 1:
        raise UserError(f"{rate} false alarms per frame; give a rate between 0 and 1")
    if kinds < 1 or calibration_frames < 1:
        raise ValueError(f"{kinds} kinds, {calibration_frames} calibration frames; both 1 or more")
    p = rate / kinds
    rarest = 1 / (calibration_frames + 1)
    if p >= rarest:
        return Threshold(p, None)
    return Threshold(
        p,
        (
            f"p = {p:.2g} is rarer than the {calibration_frames:,} calibration frames show"
            f" ({rarest:.2g}): it is extrapolated by an exponential fit to their highest scores;"
            f" calibrate with {math.ceil(1 / p - 1):,} frames or more, or allow more false alarms, or"
            " count the false alarms on other normal footage"
        ),
    )


def realised_rate(flags_N, frames_per_second: float, confidence: float = 0.95) -> RealisedRate:
    """False alarms per hour on normal footage that was not calibrated with.

    Args:
      flags_N: bool, the flagged frames of N; a run of them is one alarm.
      frames_per_second: of the footage.
      confidence: of the interval, which is exact if alarms come independently of each other.

    Raises:
      UserError: there are no frames, or frames_per_second is not positive.
    """
    flags_N = np.asarray(flags_N, bool)
    if not len(flags_N) or not 0 < frames_per_second < math.inf:
        raise UserError(
            f"{len(flags_N)} frames at {frames_per_second} per second; give normal footage of at least one frame"
        )
    alarms = int(np.count_nonzero(flags_N[1:] & ~flags_N[:-1]) + flags_N[0])
    hours = len(flags_N) / frames_per_second / SECONDS_PER_HOUR
    low, high = poisson_interval(alarms, confidence)
    return RealisedRate(alarms, hours, alarms / hours, low / hours, high / hours)


def poisson_interval(count: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a Poisson mean after `count` events (Garwood, 1936).

    Its ends are the means under which as many events or more, or as few or fewer, have the
    probability (1 − confidence) / 2. The lower end is 0 after no events.
    """
    each_side = (1 - confidence) / 2
    low = _mean_with(count - 1, 1 - each_side) if count else 0.0
    return low, _mean_with(count, each_side)


def _mean_with(count: int, probability: float) -> float:
    """The mean of the Poisson variable that is `count` or less with this probability."""
    number = np.arange(count + 1)
    log_factorial = np.cumsum(np.log(np.maximum(number, 1)))

    def at_most_count(mean: float) -> float:
        return float(np.exp(number * math.log(mean) - mean - log_factorial).sum())

    low, high = 0.0, 1.0
    while at_most_count(high) > probability:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):  # until no number lies between
        if at_most_count(middle) > probability:
            low = middle
        else:
            high = middle
    return middle
