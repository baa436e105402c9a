"""What an evaluation of the tiny run gives, shared by the tests of evaluation."""

import json
import types

import pytest

from vpn_anomaly.evaluation.evaluate import evaluate
from vpn_anomaly.scoring.trained_model import trained_run


@pytest.fixture(scope="session")
def evaluated(tiny_run, tmp_path_factory):
    """The results of an evaluation of `tiny_run`, and its folder, which has a log of training."""
    folder = tmp_path_factory.mktemp("evaluated") / "Prüfung <1>"
    folder.mkdir()
    log = {"step": 1, "loss": 2.0, "gradient_norm": 1.0, "learning_rate": 0.1, "seconds": 1.0}
    lines = [json.dumps({**log, "step": step}) + "\n" for step in (1, 2)]
    (folder / "train.jsonl").write_text("".join(lines), encoding="utf-8")
    results = evaluate(tiny_run.config, trained_run(tiny_run.config, tiny_run.directory), folder)
    return types.SimpleNamespace(results=results, folder=folder)
