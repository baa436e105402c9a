"""Squares of other sizes and fills: what is scored, and what is refused."""

import json

import numpy as np
import pytest

from experiments import squares
from tests.tiny import stored_run, tiny_config
from vpn_anomaly.data.corruptions import Square, corrupt
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.evaluation.metrics import break_even_accuracy
from vpn_anomaly.scoring.trained_model import trained_run


def test_accuracies_are_those_of_the_scores(tmp_path, monkeypatch):
    given, evaluate = [], squares.evaluate_scores
    monkeypatch.setattr(
        squares, "evaluate_scores", lambda *scores: given.append(scores[:2]) or evaluate(*scores)
    )
    run = stored_run(tmp_path / "run", tiny_config())
    trained = trained_run(run.config, run.directory)
    found = dict(squares.squares_found(run.config, trained, 7, 4))
    assert len(found) == 9 and Square() in found
    source, scorer = squares.build_source(run.config.data), trained.scorer(run.config)
    seed, index = sequence_seed(0, "test"), np.arange(11, 15)
    normal = scorer.scores(source.clips(seed, "test", range(7, 11)), 7)
    for square, (before, after) in zip(found, given, strict=True):
        clips, _ = corrupt(source.clips(seed, "test", index), "spatial", seed, "test", index, square)
        for name, score in scorer.scores(clips, 7).items():
            np.testing.assert_allclose(before[name], normal[name], rtol=1e-5)
            np.testing.assert_allclose(after[name], score, rtol=1e-5)
            expected = break_even_accuracy(normal[name], score)
            assert found[square][name]["break_even_accuracy"] == pytest.approx(expected)
    assert len({after["mean_nll"].tobytes() for _, after in given}) == 9  # every square is another


@pytest.mark.parametrize(
    "flag, words",
    [
        ("--sequences=0", "1 or more"),
        ("--first=-1", "0 or more"),
        (f"--first={10**20}", "less"),
        ("--checkpoint=nowhere", "'nowhere'"),
    ],
)
def test_what_cannot_be_scored_is_one_line(capsys, flag, words):
    try:
        code = squares.main([flag])
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2 and error.count("\n") == 1 and words in error


@pytest.mark.slow
def test_the_weights_in_the_package_are_scored(tmp_path, capsys):
    output = tmp_path / "squares.json"
    assert squares.main(["--sequences=2", f"--output={output}"]) == 0
    stored = json.loads(output.read_text())
    assert (stored["first"], stored["sequences"], len(stored["squares"])) == (2000, 2, 9)
    assert "erased_z" in stored["squares"]["3 black"] and "3 black" in capsys.readouterr().out
