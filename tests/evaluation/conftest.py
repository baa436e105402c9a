"""A tiny trained run, shared by the tests of scoring and evaluation."""

import json
import types

import pytest

from tests import tiny
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.evaluation.evaluate import evaluate
from vpn_anomaly.evaluation.scoring import build_scorer
from vpn_anomaly.evaluation.trained import trained_run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """config, source, system, random params, and the directory of a run that has them saved."""
    run = tiny.stored_run(tmp_path_factory.mktemp("run"), tiny.tiny_config())
    run.source = build_source(run.config.data)
    return run


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


@pytest.fixture(scope="module")
def clips(tiny_run):
    """Five normal test sequences, uint8."""
    return evaluation_clips(tiny_run.source, "test", 5).clip


@pytest.fixture(scope="module")
def scorer(tiny_run):
    """The scorer of `tiny_run`."""
    return build_scorer(tiny_run.config, tiny_run.system, tiny_run.params)
