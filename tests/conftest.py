"""How tests compile, and a tiny trained run with its evaluation, which several rooms share."""

import json
import os
import types

import pytest

from tests import compilation_cache

# Tiny programs take longer to compile than to run: LLVM optimises nothing. Read when the first one is
# compiled, here and in the processes that tests start.
os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}"
compilation_cache.turn_on()


def pytest_configure():
    if "PYTEST_XDIST_WORKER" not in os.environ:  # before any worker starts
        compilation_cache.discard_torn_entries()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """config, source, system, random params, and the directory of a run that has them saved."""
    from tests import tiny  # here, after the settings above
    from vpn_anomaly.data.build import build_source

    run = tiny.stored_run(tmp_path_factory.mktemp("run"), tiny.tiny_config())
    run.source = build_source(run.config.data)
    return run


@pytest.fixture(scope="session")
def evaluated(tiny_run, tmp_path_factory):
    """The results of an evaluation of `tiny_run`, and its folder, which has a log of training."""
    from vpn_anomaly.evaluation_run import evaluate
    from vpn_anomaly.scoring.trained_model import trained_run

    folder = tmp_path_factory.mktemp("evaluated") / "Prüfung <1>"
    folder.mkdir()
    log = {"step": 1, "loss": 2.0, "gradient_norm": 1.0, "learning_rate": 0.1, "seconds": 1.0}
    lines = [json.dumps({**log, "step": step}) + "\n" for step in (1, 2)]
    (folder / "train.jsonl").write_text("".join(lines), encoding="utf-8")
    results = evaluate(tiny_run.config, trained_run(tiny_run.config, tiny_run.directory), folder)
    return types.SimpleNamespace(results=results, folder=folder)


@pytest.fixture(scope="session")
def results(evaluated):
    """The content of results.json of `evaluated`."""
    return evaluated.results


@pytest.fixture(scope="session")
def scores(evaluated):
    """The arrays of scores.npz of `evaluated`, by group and score."""
    import numpy as np

    with np.load(evaluated.folder / "scores.npz") as stored:
        return {name: stored[name] for name in stored.files}
