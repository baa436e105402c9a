"""Configs and samples are found however the package is installed, and from wherever it is started."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import numpy as np
import pytest

from experiments import make_sample
from vpn_anomaly import samples

ROOT = pathlib.Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip"]
OFFLINE = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
PROGRAM = """
import vpn_anomaly
from vpn_anomaly import config_files
from vpn_anomaly.data.sequence_files import read_sequences
print(vpn_anomaly.__file__, config_files.file_of("quick"), sep="\\n")
assert "full" in config_files.names() and config_files.load_config("quick:debug").data.frames == 20
assert read_sequences("sample").shape == (16, 20, 64, 64, 1)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what is installed."""
    copy = tmp_path_factory.mktemp("checkout") / "copy"
    copy.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("vpn_anomaly", "configs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", *OFFLINE, "--wheel-dir", folder, checkout], check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    """What pip makes of a wheel, but for the scripts."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def where(folder, python=sys.executable, path=""):
    """Where the package and a config were found, by a program that starts in the folder."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    program = subprocess.run(
        [python, "-c", PROGRAM], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert program.returncode == 0, program.stderr
    package, config = map(pathlib.Path, program.stdout.split())
    return package.parent, config


def test_a_wheel_in_an_empty_folder(unpacked, tmp_path):
    package, config = where(tmp_path, path=unpacked)
    assert package == unpacked / "vpn_anomaly" and config == package / "configs/quick.py"
    (entry,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "vpn-anomaly = vpn_anomaly.console:main" in entry.read_text()


def test_a_wheel_inside_a_checkout(unpacked, checkout):
    package, config = where(checkout, path=unpacked)
    assert package == checkout / "vpn_anomaly" and config == checkout / "configs/quick.py"


def test_not_installed(checkout, tmp_path):
    assert where(tmp_path, path=checkout) == (checkout / "vpn_anomaly", checkout / "configs/quick.py")


def test_editable(checkout, tmp_path):
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env/bin/python"
    (site,) = (tmp_path / "env/lib").glob("*/site-packages")
    (site / "what_it_needs.pth").write_text(
        sysconfig.get_path("purelib")
    )  # whose own .pth files are not read
    subprocess.run([*PIP, "--python", python, "install", *OFFLINE, "--editable", checkout], check=True)
    folder = tmp_path / "empty"
    folder.mkdir()
    assert where(folder, python) == (checkout / "vpn_anomaly", checkout / "configs/quick.py")
    helped = subprocess.run([tmp_path / "env/bin/vpn-anomaly"], capture_output=True, text=True, check=True)
    assert "vpn-anomaly score" in helped.stdout


def test_the_samples_are_small_and_those_that_the_program_makes():
    assert samples.FILE.stat().st_size < 200_000
    made = make_sample.sample()
    with np.load(samples.FILE) as stored:
        assert set(stored) == set(made)
        for name in made:
            np.testing.assert_array_equal(stored[name], made[name])
    assert list(made["corruption"][:8]) == ["normal"] * 8 and "normal" not in made["corruption"][8:]
