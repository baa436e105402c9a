"""What is around the program: devices, flags of libraries, the version."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from setuptools.config import setupcfg

import vpn_anomaly
from tests.test_command_line import QUICK, ROOT, error_of
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.ops.devices import check_devices


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty one, that is worked in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- flags that absl would read


@pytest.mark.parametrize(
    "arguments",
    [
        ["--flagfile=flags"],
        ["--flagfile", "flags"],
        ["-flagfile=flags"],
        ["-flagfile", "flags"],
        ["--flagfile"],
        ["--flagfile="],
        ["--", "--flagfile=flags"],
        ["--noflagfile"],
        ["--undefok=nonsense", "--nonsense=3"],
        ["--undefok", "nonsense", "--nonsense"],
        ["-undefok=nonsense"],
        ["-undefok", "nonsense"],
        ["--undefok"],
        ["--undefok="],
    ],
)
@pytest.mark.parametrize("before", [[], ["--mode=describe"]])
def test_flags_of_absl_are_unknown(arguments, before, folder, capsys):
    pathlib.Path("flags").write_text("--config.train.steps=0\n")
    line = error_of(capsys, QUICK, *before, *arguments)
    asked = next(argument for argument in arguments if "flagfile" in argument or "undefok" in argument)
    assert f"there is no flag {asked.split('=')[0]};" in line and "train.steps" not in line


# --- devices


@pytest.mark.parametrize(
    "error",
    [
        AssertionError(),
        ValueError("invalid truth value 'perhaps'"),
        ImportError("libcuda"),
        RuntimeError("Unable to initialize backend 'cuda':\nno device"),
    ],
)
def test_a_device_that_is_not_there(error, monkeypatch):
    def devices():
        raise error

    monkeypatch.setenv("JAX_PLATFORMS", "cuda\n")
    monkeypatch.setattr("jax.devices", devices)
    with pytest.raises(UserError, match="JAX_PLATFORMS=cpu") as told:
        check_devices()
    assert "'cuda" in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workdir=run"],
        ["--config.train.start_from=pretrained", "--workdir=run"],
        ["--config.data.source=video", "--config.data.path=f.npy", "--config.model.attention.radius=0"],
        ["--mode=describe"],
        ["--checkpoint=pretrained", "--mode=evaluate", "--workdir=run"],
        ["--checkpoint=pretrained", "--mode=score", "--input=in.npz", "--output=out.csv"],
        ["--checkpoint=pretrained", "--mode=watch", "--input=camera:9"],
    ],
)
def test_devices_are_asked_for_before_work(arguments, folder, monkeypatch, capsys):
    def devices():
        raise AssertionError

    monkeypatch.setattr("jax.devices", devices)
    pathlib.Path("in.npz").touch()
    config = [] if "--checkpoint=pretrained" in arguments else [QUICK]
    assert "JAX cannot start" in error_of(capsys, *config, *arguments)
    assert os.listdir() == ["in.npz"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"JAX_PLATFORMS": "cuda"},
        {"JAX_PLATFORMS": "tpu"},
        {"JAX_PLATFORMS": "nonsense"},
        {"JAX_PLATFORM_NAME": "nonsense"},
        {"JAX_ENABLE_X64": "perhaps"},
    ],
)
def test_devices_as_a_program(variables, tmp_path):
    command = [sys.executable, "-m", "vpn_anomaly.main", QUICK, f"--workdir={tmp_path}/run"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=120
    )
    if variables.get("JAX_PLATFORMS") in ("cuda", "tpu") and "error: " not in done.stderr:
        pytest.skip("there is such a device")
    assert (done.returncode, done.stdout) == (2, "") and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: JAX cannot start")
    assert os.listdir(tmp_path) == []


# --- the version


@pytest.mark.parametrize("arguments", [["--version"], ["-version"], ["--version", "--config=none.py"]])
def test_the_version(arguments, capsys):
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"vpn_anomaly {vpn_anomaly.__version__}\n"


def test_the_version_is_said_once(capsys):
    assert setupcfg.read_configuration(ROOT / "setup.cfg")["metadata"]["version"] == vpn_anomaly.__version__
    assert "attr: vpn_anomaly.__version__" in (ROOT / "setup.cfg").read_text()
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited[1] == vpn_anomaly.__version__ and re.fullmatch(r"\d+\.\d+\.\d+", cited[1])
    assert main(["--help"]) == 0 and "--version" in capsys.readouterr().out


def test_the_version_is_light_and_needs_no_installation():
    program = (
        "import json, sys; before = set(sys.modules); import vpn_anomaly; "
        "print(json.dumps([vpn_anomaly.__version__, sorted(set(sys.modules) - before)]))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [vpn_anomaly.__version__, ["vpn_anomaly"]]
