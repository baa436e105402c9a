"""How far shown pixels explain a replaced frame away, against scores of frames put together by hand."""

import numpy as np
import pytest

from experiments import explained_away
from tests.tiny import random_params, tiny_config
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.lattice import fixed_shifts, shown
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.scoring.clip_scorer import build_scorer
from vpn_anomaly.systems.build import build_system

COUNT = 20  # more than a batch


def test_the_cases_are_mean_surprises_of_frames_with_those_pixels():
    config = tiny_config(score__masks=1)
    system = build_system(config)
    params = random_params(config, system)
    clip = evaluation_clips(build_source(config.data), "validation", COUNT).clip
    shown_HxW = shown(*clip.shape[2:4], fixed_shifts(1, (4, 5)), (4, 5))[0, ..., None]
    first, last = clip[:, 0], clip[:, -1]
    frames = [last, first, np.where(shown_HxW, last, first)]
    expected = []
    for frame in frames:
        clips = np.concatenate([clip[:, :-1], frame[:, None]], axis=1)
        expected.append(build_scorer(config, system, params).scores(clips, 7)["mean_nll"].mean())
    found = explained_away.explained_away(config, params, COUNT)
    assert list(found) == list(explained_away.CASES)
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-4)


@pytest.mark.parametrize("flag", ["--sequences=0", "--checkpoint=nowhere"])
def test_what_cannot_be_measured_is_one_line(capsys, flag):
    try:
        code = explained_away.main([flag])
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2 and error.count("\n") == 1 and flag.partition("=")[2] in error
