"""The Colab notebook: what is committed, and a run from top to bottom in a copy of the project."""

import base64
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "experiments" / "colab.ipynb"
PNG = b"\x89PNG\r\n\x1a\n"
MACHINE_PATHS = re.compile(r"/(?:home|root|Users|work|tmp|content|mnt)\b|[A-Z]:\\")


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_the_committed_file(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not MACHINE_PATHS.search(cell.source), cell.id
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id
            compile(cell.source, cell.id, "exec")  # plain Python, without magics


def test_the_address_to_clone_is_asked_for_outside_a_checkout(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(source_of(notebook, "repository"), names)
    with pytest.raises(AssertionError, match="set REPOSITORY in the first cell"):
        exec(source_of(notebook, "install"), names)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("runtime, name", [("tpu", "tpu"), ("cpu", "cpu"), ("gpu", "cpu")])
def test_the_config_is_that_of_the_runtime(notebook, runtime, name, monkeypatch):
    monkeypatch.delenv("VPN_ANOMALY_CONFIG", raising=False)
    names = config_cell(notebook, runtime)
    assert names["CONFIG"] == f"configs/{name}.py" and (ROOT / names["CONFIG"]).is_file()
    assert names["RUN"] == pathlib.Path("runs/colab", name)


@pytest.mark.slow
def test_an_error_of_a_run_ends_the_cell(notebook, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = config_cell(notebook, "cpu")
    with pytest.raises(RuntimeError, match="exit code 2"):
        names["run"]("--config=configs/quick.py", "--mode=dream")
    command, error = capsys.readouterr().out.splitlines()
    assert command.endswith("vpn_anomaly.main --config=configs/quick.py --mode=dream")
    assert error.startswith("error: there is no mode 'dream'")


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(notebook, tmp_path, monkeypatch):
    for folder in ("vpn_anomaly", "configs", "experiments"):
        shutil.copytree(
            ROOT / folder, tmp_path / "copy" / folder, ignore=shutil.ignore_patterns("__pycache__", "results")
        )
    before = written()
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))  # neither kernels nor settings of the user
    monkeypatch.setenv("VPN_ANOMALY_CONFIG", "configs/quick.py:debug")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    copy = tmp_path / "copy"
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(copy / "experiments")}},
    ).execute()
    nbformat.write(notebook, tmp_path / "executed.ipynb")  # kept by pytest, to look at

    printed = {cell.id: text_of(cell) for cell in notebook.cells if cell.cell_type == "code"}
    assert not any(output.output_type == "error" for cell in code_cells(notebook) for output in cell.outputs)
    assert re.search(r"^JAX [\d.]+ on [a-z]+$", printed["install"], re.M)
    assert re.search(r"^step 1/4  loss [\d.]+ nats$", printed["train"], re.M)
    assert re.search(r"^step 4/4 .* 0:00 left$", printed["train"], re.M)
    assert re.search(r"^evaluating: \d+ of \d+ sequences$", printed["train"], re.M)
    for cell in ("train", "results"):
        assert re.search(r"^break-even accuracy +temporal +spatial", printed[cell], re.M)
        assert re.search(r"^missing_z +[01]\.\d{3} ", printed[cell], re.M)
    assert len(pictures(notebook)) >= 2 and all(one.startswith(PNG) for one in pictures(notebook))
    header, *rows = printed["score"].splitlines()[-4:]
    assert header.split()[:2] == ["sequence", "frame"] and "any" in header.split()
    assert [row.split()[:2] for row in rows] == [["0", "19"], ["1", "19"], ["2", "19"]]
    assert (copy / "runs/colab/quick-debug/own.csv").is_file()
    assert written() == before


def config_cell(notebook, runtime):
    """The names that the cell of the config makes."""
    names = {"RUNTIME": runtime, "os": os, "pathlib": pathlib, "subprocess": subprocess, "sys": sys}
    exec(source_of(notebook, "config"), names)
    return names


def source_of(notebook, name):
    return next(cell.source for cell in notebook.cells if cell.id == name)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def pictures(notebook):
    return [
        base64.b64decode(output.data["image/png"])
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def written():
    """The files in the checkout where a run or Python could write."""
    return {
        path
        for folder in ("vpn_anomaly", "configs", "experiments", "runs/colab")
        for path in (ROOT / folder).rglob("*")
        if "__pycache__" not in path.parts
    }
