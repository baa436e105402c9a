"""What an evaluation writes, and in which order."""

import pytest

from tests import tiny
from tests.labelled_sets import labelled_run, write_set
from vpn_anomaly import evaluation_run
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation_run import evaluate
from vpn_anomaly.main import main
from vpn_anomaly.scoring.trained_model import trained_run
from vpn_anomaly.storage.results_file import read_results
from vpn_anomaly.storage.workdir import REPORT


def no_space(*_):
    raise UserError("no space")


def test_without_the_report_the_run_is_not_finished(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation_run, "draw_figures", lambda *_: None)
    monkeypatch.setattr(evaluation_run.sequences_page, "write_report", no_space)
    with pytest.raises(UserError, match="no space"):
        evaluate(tiny_run.config, trained_run(tiny_run.config, tiny_run.directory), tmp_path)
    assert read_results(tmp_path) is None


def test_nor_is_that_on_a_labelled_set(tmp_path, monkeypatch):
    write_set("ucsd", tmp_path / "set")
    run = labelled_run(tmp_path, "ucsd", tmp_path / "set")
    monkeypatch.setattr(evaluation_run.labelled_page, "write_report", no_space)
    with pytest.raises(UserError, match="no space"):
        evaluate(run.config, run.trained, run.directory)
    assert (run.directory / "frames.csv").exists() and read_results(run.directory) is None


def test_the_command_says_where_it_is(tiny_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluation_run, "evaluate", lambda *_: {"steps": 4})
    tiny.config_file(tmp_path / "tiny.py", tiny_run.config)
    run = tiny_run.directory
    assert main([f"--config={tmp_path}/tiny.py", f"--workdir={run}", "--mode=evaluate"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {run}/{REPORT}"
