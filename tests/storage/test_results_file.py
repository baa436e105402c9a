"""Results of a run: what comes back, when a run is finished, and disks that refuse."""

import errno
import os

import numpy as np
import pytest

from vpn_anomaly.config import as_dict, defaults
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import results_file


def test_results_come_back_without_nan(tmp_path):
    results = {
        "auroc": np.float32(0.5),
        "ci95": {"auroc": (np.nan, float("inf"))},
        "steps": np.int64(4),
        "counts": np.arange(3),
        "none": None,
    }
    results_file.write_results(tmp_path, results)
    assert results_file.read_results(tmp_path) == {
        "auroc": 0.5,
        "ci95": {"auroc": [None, None]},
        "steps": 4,
        "counts": [0, 1, 2],
        "none": None,
    }
    assert os.listdir(tmp_path) == ["results.json"]


def test_results_that_cannot_be_read_are_none(tmp_path):
    assert results_file.read_results(tmp_path) is None
    for content in ("", "[]", "{'a'"):
        (tmp_path / "results.json").write_text(content)
        assert results_file.read_results(tmp_path) is None


def test_finished_means_all_steps_and_the_same_evaluation(tmp_path):
    config = defaults()
    assert results_file.finished_results(tmp_path, config) is None
    results = {"steps": config.train.steps, "config": as_dict(config)}
    results_file.write_results(tmp_path, results)
    assert results_file.finished_results(tmp_path, config) == results
    del results["config"]["watch"]["longest_gap"]  # a field that came after the run: at its default
    results_file.write_results(tmp_path, results)
    assert results_file.finished_results(tmp_path, config) == results
    config.train.microbatches = 2  # changes rounding alone
    config.train.report_every = 0  # changes what is shown alone
    assert results_file.finished_results(tmp_path, config) == results
    config.evaluate.sequences += 1
    assert results_file.finished_results(tmp_path, config) is None
    results_file.write_results(tmp_path, {"steps": config.train.steps - 1, "config": as_dict(config)})
    assert results_file.finished_results(tmp_path, config) is None
    results_file.write_results(tmp_path, {"steps": None, "config": as_dict(config)})
    assert results_file.finished_results(tmp_path, config) is None


@pytest.mark.parametrize(
    "code, words",
    [
        (errno.ENOSPC, "no space left on device"),
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "read-only file system"),
    ],
)
def test_a_disk_that_refuses_keeps_what_was_there(tmp_path, monkeypatch, code, words):
    results_file.write_results(tmp_path, {"steps": 1})

    def refuse(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UserError, match=f"cannot write .*results.json: {words}") as raised:
        results_file.write_results(tmp_path, {"steps": 2})
    assert "\n" not in str(raised.value)
    monkeypatch.undo()
    assert results_file.read_results(tmp_path) == {"steps": 1}
    assert os.listdir(tmp_path) == ["results.json"]
