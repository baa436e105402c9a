"""A workdir that cannot be written is refused at once: before anything is imported, read or decoded."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import pytest

from vpn_anomaly.config import as_dict
from vpn_anomaly.config_files import load_config
from vpn_anomaly.storage import results_file, workdir

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Root loses its right to write where it is not allowed to: PR_CAPBSET_DROP of linux/prctl.h for
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of linux/capability.h, which holds from the next program on.
DROPS = """
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
LONGEST = 5.0  # seconds, on a machine with other work; what may be imported is what counts
# Runs command lines in one process, and tells of each the exit code, the seconds, what was printed, and
# which heavy modules are there.
TRIES = """
import contextlib, io, json, os, resource, sys, time
from vpn_anomaly.main import main
told = []
for full, argv in json.load(sys.stdin):
    out = io.StringIO()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    started = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        if full:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
        code = main(argv)
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    heavy = [name for name in ("jax", "flax", "av", "tensorflow") if name in sys.modules]
    told.append((code, time.monotonic() - started, out.getvalue(), heavy))
print(json.dumps(told))
"""
QUICK = ["--config=configs/quick.py"]
VIDEO = ["--config=configs/video.py", "--config.data.path=/no/such/*.mp4"]  # read, this is another error
UCSD = ["--config=configs/video.py", "--config.data.source=ucsd", "--config.data.path=/no/such"]
PRETRAINED = ["--checkpoint=pretrained", "--mode=evaluate"]


def tries(commands):
    """(code, seconds, output, heavy modules) of (the disk is full, arguments) each."""
    done = subprocess.run(
        [sys.executable, "-c", DROPS, TRIES],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def place():
    """A folder that everyone can get to, as tmp_path is not."""
    directory = pathlib.Path(tempfile.mkdtemp())
    directory.chmod(0o777)
    yield directory
    for folder in [directory, *directory.rglob("*")]:
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o777)
    shutil.rmtree(directory)


def with_run(directory, config, finished=False):
    workdir.open_run(directory, config)
    if finished:
        results_file.write_results(
            directory, {"steps": config.train.steps, "config": as_dict(config), "corruptions": {}}
        )


def unwritable_places(place):
    """Folders to name as --workdir, none of which can be made or written."""
    read_only, closed = place / "read_only", place / "closed"
    read_only.mkdir()
    (place / "file").write_text("precious")
    (place / "dangling").symlink_to("nowhere")
    (place / "loop").symlink_to("loop")
    (read_only / "empty").mkdir(mode=0o755)
    closed.mkdir()
    for folder, mode in ((read_only, 0o555), (read_only / "empty", 0o555), (closed, 0o000)):
        folder.chmod(mode)
    return [
        read_only / "empty",
        read_only / "new",
        read_only / "new" / "deep" / "er",
        closed,
        closed / "new",
        place / "file",
        place / "file" / "new",
        place / "dangling",
        place / "loop",
        place / ("n" * 300),
        place / "/".join(["long"] * 1100),
        pathlib.Path("/proc/new"),
        pathlib.Path("/sys/kernel/new"),
        pathlib.Path("/proc/self"),
        pathlib.Path("/dev/null"),
        pathlib.Path("/dev/null/new"),
    ]


def check_refused(command, told):
    code, seconds, output, heavy = told
    assert code == 2 and output.count("\n") == 1 and output.startswith("error: "), (command, output)
    assert re.search("cannot write|cannot be read|link to itself|is too long", output), (command, output)
    assert seconds < LONGEST and not heavy, (command, told)


def test_no_place_that_cannot_be_written_costs_work(place):
    places = unwritable_places(place)
    before = sorted(str(path) for path in place.rglob("*"))
    commands = [
        (False, [*flags, f"--workdir={workdir}"])
        for workdir in places
        for flags in (QUICK, [*QUICK, "--mode=train"], VIDEO, UCSD, PRETRAINED)
    ]
    for command, told in zip(commands, tries(commands)):
        check_refused(command, told)
    assert sorted(str(path) for path in place.rglob("*")) == before
    assert (place / "file").read_text() == "precious"


def test_nor_does_a_run_that_cannot_be_written_or_a_full_disk(place):
    configs = {"quick": load_config("configs/quick.py"), "video": load_config("configs/video.py")}
    configs["video"].data.path = "/no/such/*.mp4"
    configs["video"].model.attention.radius = 3
    for name, config in configs.items():
        with_run(place / name, config)
        with_run(place / f"{name}_parts", config)
        (place / f"{name}_parts/checkpoints").mkdir()
        (place / f"{name}_parts/checkpoints").chmod(0o555)
        (place / f"{name}_parts").chmod(0o777)
        (place / name).chmod(0o555)
    (place / "full").mkdir()
    (place / "full").chmod(0o777)
    commands = [
        (False, [*flags, f"--workdir={place}/{name}", *mode])
        for flags, names in ((QUICK, ("quick", "quick_parts")), (VIDEO, ("video", "video_parts")))
        for name in names
        for mode in ([], ["--mode=train"], ["--mode=evaluate"])
    ]
    commands += [(True, [*flags, f"--workdir={place}/full"]) for flags in (QUICK, VIDEO, PRETRAINED)]
    for command, told in zip(commands, tries(commands)):
        check_refused(command, told)
    assert os.listdir(place / "quick") == ["config.json"] and os.listdir(place / "full") == []


def test_what_is_finished_is_shown_from_where_nothing_can_be_written(place):
    with_run(place / "run", load_config("configs/quick.py"), finished=True)
    (place / "run").chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
    ((code, _, output, _),) = tries([(False, [*QUICK, f"--workdir={place}/run"])])
    assert code == 0 and "is finished" in output
