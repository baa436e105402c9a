"""What is said of the scores of a member."""

import types

import numpy as np

from vpn_anomaly.evaluation.protocol import Protocol
from vpn_anomaly.evaluation.protocol_notes import Looks, done, not_done

CLIP = types.SimpleNamespace(
    name="a", label_T=np.arange(9) > 4, scores={}, unread=[], problem=None, read_masks=None
)


def test_smoothing_over_the_past_is_named():
    looks = [Looks("motion", 0, 1), Looks("appearance", 0, 1, smoothing=8)]
    lines = done([CLIP], [CLIP], looks, Protocol())
    (line,) = [line for line in lines if "score.smoothing" in line]
    assert line.startswith("member appearance: ") and "1/8" in line and "future is not used" in line
    assert any("over a clip's future" in line for line in not_done([CLIP], [CLIP], Protocol()))
