"""Clips, and the scorer of the tiny run."""

import pytest

from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.scoring.clip_scorer import build_scorer


@pytest.fixture(scope="module")
def clips(tiny_run):
    """Five normal test sequences, uint8."""
    return evaluation_clips(tiny_run.source, "test", 5).clip


@pytest.fixture(scope="module")
def scorer(tiny_run):
    """The scorer of `tiny_run`."""
    return build_scorer(tiny_run.config, tiny_run.system, tiny_run.params)
