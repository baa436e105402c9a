"""Names of files: home folders, in every flag and field, and names that no file can have."""

import os
import pathlib
import pwd
import types

import numpy as np
import pytest

from experiments import sweep
from experiments.sweeps.definition import load_definition, run_config
from tests.test_command_line import QUICK, ROOT, error_of, parse
from vpn_anomaly import command_line, config_fields
from vpn_anomaly.config import flat
from vpn_anomaly.data.video import frame_cache
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names

PATH_FIELDS = (
    "data.path",
    "data.digits",
    "data.video.cache",
    "train.start_from",
    "watch.zones",
    "detector.appearance.train.start_from",
    "detector.normality.train.start_from",
)
PLAIN = ("workdir", "input", "checkpoint", "output", "maps", "scores", "events", "video", "report")
ENDINGS = {
    "output": ".csv",
    "maps": ".npz",
    "scores": ".jsonl",
    "events": ".jsonl",
    "video": ".mp4",
    "report": ".html",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's home folder, and the folder that is worked in."""
    folder = tmp_path / "home"
    (folder / "there").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return folder


@pytest.fixture
def no_home(home, monkeypatch):
    """A user without HOME whose number has no name."""

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)


# --- home folders


def flags_of(mode, at):
    """Flags that name files under `at`, by what they name."""
    named = {
        "train": ("workdir",),
        "score": ("workdir", "input", "output", "maps"),
        "watch": ("workdir", "input", "scores", "events", "video", "report"),
    }[mode]
    return [
        f"--mode={mode}",
        *(f"--{name}={at}/{name}{ENDINGS.get(name, '')}" for name in named),
        *(f"--config.{field}={at}/{field}" for field in PATH_FIELDS if field != "data.path"),
    ]


@pytest.mark.parametrize("mode", ["train", "score", "watch"])
@pytest.mark.parametrize("user", ["~", "~somebody"])
def test_a_tilde_is_a_home_folder(mode, user, home, tmp_path, monkeypatch):
    somebody = types.SimpleNamespace(pw_dir=str(home))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: {"somebody": somebody}[name])
    (home / "there/input").write_bytes(b"")
    (home / "tiny.py").write_text((ROOT / "configs/quick.py").read_text())
    arguments = command_line.parse([f"--config={user}/tiny.py", *flags_of(mode, f"{user}/there")])
    files = [arguments.workdir, *arguments.outputs.values()]
    files += arguments.inputs
    files += [flat(arguments.config)[field] for field in PATH_FIELDS if field != "data.path"]
    assert all(str(file).startswith(f"{home}/there/") for file in files)
    assert os.listdir(tmp_path / "work") == []


def test_the_home_of_a_config_file_and_of_a_sweep(home, tmp_path):
    (home / "tiny.py").write_text(
        "from vpn_anomaly.config import defaults\n\n\ndef get_config(variant=''):\n    config = defaults()\n"
        "    config.data.path = '~/x.npy' + variant\n    return config\n"
    )
    assert command_line.parse(["--config=~/tiny.py:2"]).config.data.path == f"{home}/x.npy2"
    (home / "sweep.py").write_text(
        f"CONFIG = '{home}/tiny.py'\nRUNS = {{'a': {{'watch.zones': '~/z.png'}}}}\n"
    )
    config = run_config(load_definition(home / "sweep.py"), "a", 0)
    assert (config.data.path, config.watch.zones) == (f"{home}/x.npy", f"{home}/z.png")


def test_the_home_of_experiments(home, capsys):
    (home / "sweep.py").write_text("CONFIG = 'none.py'\nRUNS = {'a': {}}\n")
    assert sweep.main(["--sweep=~/sweep.py", "--workdir=~/runs"]) == 2
    assert "'none.py'" in capsys.readouterr().err and os.listdir() == []
    with pytest.raises(SystemExit):
        sweep.main(["--sweep=~/sweep.py", "--workdir=~nobody-of-this-name/runs"])
    assert "~nobody-of-this-name" in capsys.readouterr().err and os.listdir() == []


@pytest.mark.parametrize(
    "flag", [*(f"--{name}" for name in ("config", *PLAIN)), *(f"--config.{field}" for field in PATH_FIELDS)]
)
@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "~nobody-of-this-name"])
def test_a_home_that_is_not_known(flag, name, home, capsys):
    line = error_of(capsys, *([] if flag == "--config" else [QUICK]), f"{flag}={name}")
    assert "no home folder is known for ~nobody-of-this-name" in line and os.listdir() == []


@pytest.mark.parametrize("flag", ["--workdir", "--config.data.path"])
def test_a_user_without_a_home(flag, no_home, capsys):
    assert "no home folder is known for ~;" in error_of(capsys, QUICK, f"{flag}=~/x")
    assert os.listdir() == []


def test_decoded_frames_of_a_user_without_a_home(no_home, monkeypatch):
    with pytest.raises(UserError, match="--config.data.video.cache=DIR") as error:
        frame_cache.default_cache_folder()
    assert "\n" not in str(error.value)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert frame_cache.default_cache_folder() == pathlib.Path("/caches/vpn_anomaly")


def test_training_on_footage_of_a_user_without_a_home(no_home, capsys):
    np.save("film.npy", np.zeros((90, 64, 64), np.uint8))
    line = error_of(
        capsys, f"--config={ROOT}/configs/video.py:debug", "--config.data.path=film.npy", "--workdir=run"
    )
    assert "data.video.cache" in line and os.listdir() == ["film.npy"]


# --- names that no file can have


@pytest.mark.parametrize(
    "flag", [*(f"--{name}" for name in ("config", *PLAIN)), *(f"--config.{field}" for field in PATH_FIELDS)]
)
@pytest.mark.parametrize(
    "name",
    ["x" * 300, "x/" * 3000, "é" * 130, "x\0y", "\0", "~/\0", "*\0/*"],
    ids=lambda name: f"{name[:2]!r} {len(name)}",
)
def test_names_that_no_file_can_have(flag, name, home, capsys):
    name += ENDINGS.get(flag[2:], "")
    line = error_of(capsys, *([] if flag == "--config" else [QUICK]), f"{flag}={name}")
    assert flag.removeprefix("--config.") in line
    assert ("is too long" in line or "has a NUL" in line) and len(line) < 400
    assert os.listdir() == []


def test_a_folder_has_room_for_what_is_made_in_it(home, capsys):
    for flag in ("--workdir", "--config.data.video.cache"):
        assert "is too long" in error_of(capsys, QUICK, f"{flag}=/{'x' * 99}{'/' + 'y' * 99:s}" + "/z" * 1850)


def test_addresses_and_patterns_may_be_long():
    for name in ("rtsp://host/" + "x" * 5000, "HTTP://~/x", "normal/" + "[0-9]" * 100 + "*.mp4"):
        assert file_names.expanded(name) == name


def test_characters_that_file_names_cannot_have(monkeypatch):
    def in_ascii(path):
        path.encode("ascii")

    monkeypatch.setattr(os, "lstat", in_ascii)
    with pytest.raises(UserError, match="LC_ALL"):
        file_names.expanded("fußball.mp4")


@pytest.mark.parametrize("name", ["n\udcff", "\udcc3\udcaf/run", "a/n\udcff.d/run"])
def test_a_workdir_of_other_bytes_than_utf8(name, home, capsys):
    line = error_of(capsys, QUICK, f"--workdir={name}")
    assert "PYTHONUTF8=1" in line and os.listdir() == []
    parse("--workdir=naïve", f"--config.data.video.cache={name[:2]}")


def test_fields_that_name_files():
    assert tuple(field.name for field in config_fields.FIELDS if field.is_path) == PATH_FIELDS
    assert parse().config.data.digits == "embedded"  # words are no files
