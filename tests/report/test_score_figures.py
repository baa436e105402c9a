"""ROC curves and histograms."""

import numpy as np
import pytest
from matplotlib.image import imread

from vpn_anomaly.report import score_figures


def test_histograms_keep_room_for_the_normal_scores():
    normal = np.linspace(0, 1, 1001)
    edges = score_figures.histogram_edges(normal, [np.linspace(0, 1e6, 1001)])
    assert edges[0] == 0 and edges[-1] == pytest.approx(0.99 / score_figures.NORMAL_PART)
    edges = score_figures.histogram_edges(normal, [np.linspace(-1, 2, 1001)])
    assert edges[0] == -1 and edges[-1] == pytest.approx(-1 + 3 * 0.99)
    for scores in (np.zeros(3), np.empty(0), np.full(2, np.nan)):
        edges = score_figures.histogram_edges(scores, [scores])
        assert (np.diff(edges) > 0).all() and len(edges) == score_figures.BINS + 1


def test_it_is_written(tmp_path):
    rng = np.random.default_rng(0)
    normal = {"mean_nll": rng.normal(size=50), "constant": np.zeros(50)}
    anomalous = {
        "temporal": {"mean_nll": rng.normal(2, 1, 50), "constant": np.zeros(50)},
        "spatial": {"mean_nll": np.empty(0), "constant": np.full(50, np.nan)},
    }
    score_figures.score_figure(tmp_path / "scores.png", normal, anomalous, {"mean_nll": 1.0}, list(normal))
    picture = imread(tmp_path / "scores.png")
    assert picture.shape[0] > 500 and picture[..., :3].std() > 0.01
