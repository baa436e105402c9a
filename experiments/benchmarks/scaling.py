"""How the time of a training step of table.py's model grows with frames, area and batch, and with processes.

Each is varied by itself from BASE; targets and loss pixels stay as many.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy.stats

from configs import table
from experiments.benchmarks import processes
from experiments.benchmarks.program import Program
from experiments.benchmarks.training_step import package_program

BASE = {"frames": 20, "side": 64, "batch": 4}
VALUES = {"frames": (16, 20, 28, 40), "side": (32, 64, 96, 128), "batch": (2, 4, 8, 16)}
TARGETS = 4  # the last frames, every other one
CONFIDENCE = 0.95  # of the intervals of exponents


def programs() -> dict[str, Program]:
    """`ours@WHAT=VALUE`: a step for each value of VALUES."""
    return {
        f"ours@{varied}={value}": _step({**BASE, varied: value}, varied)
        for varied, values in VALUES.items()
        for value in values
    }


def summary(rows: Sequence[dict]) -> dict:
    """`exponents` of frames, area and batch, fitted to the rows; and `processes`, seconds a step by their number."""
    exponents = {}
    for varied in VALUES:
        own = [row for row in rows if row["varied"] == varied]
        power = 2 if varied == "side" else 1
        sizes = [row[varied] ** power for row in own]
        name = "area" if varied == "side" else varied
        exponents[name] = exponent(sizes, [row["median_s"] for row in own])
    return {"exponents": exponents, "processes": processes.seconds_a_step()}


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> dict[str, float]:
    """The `exponent` e of seconds ∝ size^e, least squares of the logarithms, and its interval: `low`, `high`."""
    fit = scipy.stats.linregress(np.log(sizes), np.log(seconds))
    half = scipy.stats.t.ppf((1 + CONFIDENCE) / 2, len(sizes) - 2) * fit.stderr
    return {"exponent": float(fit.slope), "low": float(fit.slope - half), "high": float(fit.slope + half)}


def _step(size: dict[str, int], varied: str) -> Program:
    config = table.get_config()
    config.data.frames, config.train.batch_size = size["frames"], size["batch"]
    config.data.height = config.data.width = size["side"]
    config.train.targets = tuple(range(size["frames"] + 1 - 2 * TARGETS, size["frames"], 2))
    config.train.loss_pixels = math.gcd(config.train.loss_pixels, size["side"] ** 2)
    return Program(package_program(config), fields={"varied": varied, **size})
