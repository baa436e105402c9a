"""The command line, in one process: what is read, and every bad input in one line.

What needs a model is tested with the parts that the command line calls.
"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from vpn_anomaly import catalogue, command_line
from vpn_anomaly.config import as_dict, defaults, differences
from vpn_anomaly.config_fields import FIELDS
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.storage import results_file, workdir

ROOT = pathlib.Path(__file__).parents[1]
QUICK = f"--config={ROOT}/configs/quick.py"


def parse(*arguments):
    return command_line.parse([QUICK, *arguments])


def error_of(capsys, *arguments):
    """The one line that the command ends with; its exit code has to be 2."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    return err


# --- what is read


def test_fields_of_every_type_can_be_set():
    arguments = parse(
        "--config.train.steps=500",
        "--config.train.learning_rate=1",
        "--config.seed",
        "7",
        "--config.model.attention.kind=none",
        "--config.train.targets=(10, 13)",
        "--config.data.speed=(0, 0.2)",
        "--config.score.every_frame",
        "--config.data.digits=b.npz",
        "--noconfig.model.use_masked_frame",
        "--config.evaluate.corruptions=('both', 'spatial')",
        "--config.data.lattice=10,10",
    )
    config = arguments.config
    assert config.train.steps == 500 and config.seed == 7
    assert config.train.learning_rate == 1.0 and isinstance(config.train.learning_rate, float)
    assert config.model.attention.kind == "none"
    assert config.train.targets == (10, 13) and config.data.lattice == (10, 10)
    assert config.data.speed == (0, 0.2)
    assert config.score.every_frame is True and config.model.use_masked_frame is False
    assert config.evaluate.corruptions == ("both", "spatial")
    assert arguments.overrides["train.steps"] == 500 and len(arguments.overrides) == 11
    assert differences(parse().config, config) == sorted(
        arguments.overrides, key=[field.name for field in FIELDS].index
    )


def test_the_last_of_two_values_counts_and_nothing_stays_for_the_next_call():
    steps = parse("--config.train.steps=5", "--config.train.steps=6").config.train.steps
    assert steps == 6
    assert parse().config.train.steps != 6
    assert parse("--config.train.targets=19").config.train.targets == (19,)


def test_flags_and_names():
    arguments = parse("--workdir=some/where", "--mode=evaluate")
    assert arguments.workdir == pathlib.Path("some/where") and arguments.mode == "evaluate"
    assert arguments.config_name == "quick" and arguments.overrides == {}
    debug = command_line.parse([f"{QUICK}:debug"])
    assert debug.config_name == "quick-debug" and debug.config.train.steps < 10
    assert (debug.workdir, debug.mode, debug.inputs) == (None, None, ())


def test_what_names_a_video_is_left_as_it_is():
    address = "rtsp://user:secret@camera.local//stream/1"
    arguments = parse(
        "--mode=watch",
        "--workdir=w",
        f"--input={address}",
        "--scores=s.csv",
        "--video=v.mp4",
        "--max_frames=100",
    )
    assert arguments.inputs == (address,) and arguments.max_frames == 100
    assert arguments.outputs == {"scores": pathlib.Path("s.csv"), "video": pathlib.Path("v.mp4")}


def test_a_relative_config_path(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from vpn_anomaly.config import defaults\n"
        "def get_config():\n    config = defaults()\n    config.seed = SEED\n    return config\n"
        "SEED = 12\n"
    )
    monkeypatch.chdir(tmp_path)
    assert command_line.parse(["--config=mine.py"]).config.seed == 12
    assert os.listdir(tmp_path) == ["mine.py"]


def test_help_names_every_field_and_needs_no_config(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for field in FIELDS:
        assert f"  {field.name}=" in text and field.meaning in text
    assert "--config=quick" in text


# --- bad input


BAD_ARGUMENTS = [
    ([], ["--config is missing", "--config=quick"]),
    (["--config"], ["Missing value", "--config"]),
    (["--config="], ["cannot be read"]),
    (["--config=no/such.py"], ["'no/such.py'", "no such file"]),
    ([f"--config={ROOT}"], ["is a directory"]),
    ([f"{QUICK}:huge"], ["'huge'", "debug"]),
    ([QUICK, "--config.train.stepz=3"], ["'train.stepz'", "train.steps, train.batch_size"]),
    ([QUICK, "--config.trian.steps=3"], ["'trian.steps'", "train.steps"]),
    ([QUICK, "--config.train=3"], ["'train'", "train.steps"]),
    ([QUICK, "--config.train.steps=many"], ["train.steps is 'many'", "a whole number"]),
    ([QUICK, "--config.train.steps=3.5"], ["train.steps is '3.5'", "a whole number"]),
    ([QUICK, "--config.train.steps=0"], ["train.steps is 0", "1 or more"]),
    ([QUICK, "--config.train.steps"], ["Missing value", "config.train.steps"]),
    ([QUICK, "--config.train.learning_rate=fast"], ["train.learning_rate is 'fast'", "a number"]),
    ([QUICK, "--config.train.learning_rate=nan"], ["train.learning_rate is nan"]),
    ([QUICK, "--config.train.targets=(10"], ["train.targets", "a tuple of one or more"]),
    ([QUICK, "--config.train.targets=(1.5,)"], ["train.targets", "whole numbers"]),
    ([QUICK, "--config.score.every_frame=maybe"], ["score.every_frame is 'maybe'", "true or false"]),
    ([QUICK, "--noconfig.train.steps"], ["noconfig.train.steps"]),
    ([QUICK, "--config.system=magic"], ["system is 'magic'", "inpainting"]),
    ([QUICK, "--config.model.attention.kind=strong"], ["full, depthwise, correlation, layers, none"]),
    ([QUICK, "--config.evaluate.corruptions=colour"], ["temporal, spatial, both, mixed"]),
    ([QUICK, "--config.data.height=-64"], ["data.height is -64"]),
    ([QUICK, "--config.model.stem=3"], ["model.stem 3 does not divide"]),
    ([QUICK, "--config.data.lattice=(80, 5)"], ["larger than the frame"]),
    ([QUICK, "--mode=fly"], ["'fly'", "train, evaluate, score, watch, export, describe"]),
    ([QUICK, "--wrokdir=x"], ["--wrokdir", "--workdir"]),
    ([QUICK, "surplus"], ["'surplus'"]),
    ([QUICK, "--debug=perhaps"], ["--debug=perhaps"]),
    ([QUICK, "--mode=evaluate"], ["--workdir"]),
    ([QUICK, "--mode=score", "--workdir=w"], ["--input=FILE"]),
    ([QUICK, "--mode=train", "--input=x.npz"], ["--input is for --mode=score and --mode=watch only"]),
    ([QUICK, "--maps=x.npz"], ["--maps is for --mode=score only"]),
    ([QUICK, "--events=x.jsonl"], ["--events is for --mode=watch only"]),
    ([QUICK, "--report=x.html"], ["--report is for --mode=watch only"]),
    ([QUICK, "--mode=watch", "--workdir=w"], ["--input=SOURCE"]),
    ([QUICK, "--mode=watch", "--input=x.mp4"], ["--workdir"]),
    ([QUICK, "--mode=watch", "--workdir=w", "--input=x.mp4", "--events=x.csv"], [".jsonl"]),
    ([QUICK, "--mode=watch", "--workdir=w", "--input=x.mp4", "--report=x.pdf"], [".html"]),
    ([QUICK, "--mode=watch", "--workdir=w", "--input=x.mp4", "--report=no/x.html"], ["no folder no"]),
    ([QUICK, "--mode=watch", "--workdir=w", "--input=x.mp4", "--video=x.mp4"], ["different files"]),
    ([QUICK, "--mode=watch", "--workdir=w", "--input=x.mp4", "--max_frames=0"], ["max_frames"]),
    ([QUICK, "--max_frames=3"], ["--max_frames is for --mode=watch only"]),
    ([QUICK, "--config.data.source=video"], ["data.path is empty", "normal/*.mp4"]),
    ([QUICK, "--config.model.attention.radius=0"], ["model.attention.radius is 0"]),
]


@pytest.mark.parametrize("arguments, words", BAD_ARGUMENTS)
def test_arguments_that_cannot_work(capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    line = error_of(capsys, *arguments)
    for word in words:
        assert word in line
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("system", [row.name for row in catalogue.SYSTEMS[1:] if not row.fits])
def test_bad_arguments_have_the_same_line_in_every_system(capsys, monkeypatch, tmp_path, system):
    monkeypatch.chdir(tmp_path)
    for arguments, words in BAD_ARGUMENTS:
        of_the_stem = system == "block_inpainting" and "model.stem" in str(arguments)  # any size
        if arguments and arguments[0] == QUICK and not of_the_stem:
            line = error_of(capsys, QUICK, f"--config.system={system}", *arguments[1:])
            for word in words:
                assert word in line
    assert os.listdir(tmp_path) == []


def test_a_system_that_sees_whole_videos_scores_no_sequences(capsys, tmp_path):
    np.save(tmp_path / "clips.npy", np.zeros((1, 4, 16, 16), np.uint8))
    fields = {"system": "normality", "data.source": "video", "data.path": "normal", "data.height": 0}
    fields |= {"data.width": 0, "train.carried": False}
    arguments = [f"--config.{name}={value}" for name, value in fields.items()]
    arguments += ["--mode=score", f"--input={tmp_path}/clips.npy", f"--output={tmp_path}/s.csv"]
    line = error_of(capsys, QUICK, *arguments, f"--workdir={tmp_path}/run")
    assert "system normality sees whole videos" in line and "--mode=watch" in line


@pytest.mark.parametrize("system", [row.name for row in catalogue.SYSTEMS if not row.streams])
def test_a_system_that_does_not_stream_cannot_watch(capsys, tmp_path, system):
    arguments = [f"--config.system={system}", "--mode=watch", "--input=new.mp4", f"--workdir={tmp_path}"]
    line = error_of(capsys, QUICK, *arguments)
    assert f"system {system} does not" in line and "use inpainting or block_inpainting" in line


@pytest.mark.parametrize(
    "program, words",
    [
        ("def get_config(:", "SyntaxError"),
        ("x = 1", "get_config"),
        ("def get_config():\n    return None", "NoneType"),
        ("def get_config():\n    return 1 / 0", "ZeroDivisionError"),
        ("import no_such_module_here", "no_such_module_here"),
        (
            "from vpn_anomaly.config import defaults\ndef get_config():\n"
            "    config = defaults()\n    config.train.stepz = 3\n    return config",
            "stepz",
        ),
        (
            "import ml_collections\ndef get_config():\n    return ml_collections.ConfigDict()",
            "lacks the field system",
        ),
        ("\x00", "does not work"),
    ],
)
def test_a_config_file_that_does_not_work(capsys, tmp_path, program, words):
    (tmp_path / "broken.py").write_text(program)
    assert words in error_of(capsys, f"--config={tmp_path}/broken.py")


def test_a_config_file_without_variants(capsys, tmp_path):
    (tmp_path / "plain.py").write_text("def get_config():\n    return None")
    assert "TypeError" in error_of(capsys, f"--config={tmp_path}/plain.py:debug")


def test_files_of_scoring(capsys, tmp_path):
    np.savez(tmp_path / "in.npz", sequences=np.zeros((1, 20, 64, 64), np.uint8))
    (tmp_path / "folder.csv").mkdir()

    def error(input="in.npz", output="out.csv", *more):
        return error_of(
            capsys,
            QUICK,
            "--mode=score",
            f"--workdir={tmp_path}/run",
            f"--input={tmp_path / input}",
            f"--output={tmp_path / output}",
            *more,
        )

    assert "nothing was trained" in error()
    assert "no input file" in error("missing.npz")
    assert "no folder" in error("in.npz", "no/folder/out.csv")
    assert ".csv or .jsonl" in error("in.npz", "out.txt")
    assert "is a folder" in error("in.npz", "folder.csv")
    assert ".npz" in error("in.npz", "out.csv", f"--maps={tmp_path}/maps.npy")
    assert "no folder" in error("in.npz", "out.csv", f"--maps={tmp_path}/no/maps.npz")
    assert "different files" in error("in.npz", "out.csv", f"--maps={tmp_path}/in.npz")
    assert sorted(os.listdir(tmp_path)) == ["folder.csv", "in.npz"]


def test_workdirs(capsys, tmp_path):
    (tmp_path / "file").write_text("precious")
    assert "cannot write" in error_of(capsys, QUICK, f"--workdir={tmp_path}/file")
    assert "cannot write" in error_of(capsys, QUICK, f"--workdir={tmp_path}/file/run")
    assert (tmp_path / "file").read_text() == "precious"

    nothing = tmp_path / "nothing"
    assert "nothing was trained" in error_of(capsys, QUICK, f"--workdir={nothing}", "--mode=evaluate")
    assert not nothing.exists()

    other = defaults()
    other.seed, other.model.stem = 3, 2
    workdir.open_run(tmp_path / "run", other)
    for mode in ([], ["--mode=train"], ["--mode=evaluate"]):
        line = error_of(capsys, QUICK, f"--workdir={tmp_path}/run", *mode)
        assert "seed 3 there and 0 here" in line and "model.stem 2 there and 4 here" in line
    assert os.listdir(tmp_path / "run") == ["config.json"]


# --- what main does with good ones


def test_a_finished_run_prints_its_results(capsys, tmp_path):
    config = parse().config
    workdir.open_run(tmp_path, config)
    results_file.write_results(
        tmp_path,
        {
            "steps": config.train.steps,
            "config": as_dict(config),
            "corruptions": {"both": {"mean_nll": {"break_even_accuracy": 0.99}}},
        },
    )
    before = (tmp_path / "results.json").read_bytes()
    assert main([QUICK, f"--workdir={tmp_path}"]) == 0
    assert "0.990" in capsys.readouterr().out
    assert (tmp_path / "results.json").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["config.json", "results.json"]


def test_ctrl_c_is_130(capsys, monkeypatch):
    def interrupted(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "parse", interrupted)
    assert main([QUICK]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_debug_shows_where_an_error_came_from(capsys):
    assert main([QUICK, "--config.train.steps=0", "--debug"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err and err.splitlines()[-1].startswith("error: train.steps")


def test_warnings_of_the_package_are_one_line_on_stderr(capsys, monkeypatch):
    import logging

    def warn(argv):
        others = [logging.StreamHandler(sys.stderr)]  # such as Orbax's import sets up
        monkeypatch.setattr(logging.getLogger(), "handlers", others)
        logging.getLogger("vpn_anomaly.storage.checkpoints").warning("step %d is damaged", 3)
        raise UserError("no more")

    monkeypatch.setattr(command_line, "parse", warn)
    assert main([]) == main([]) == 2
    assert capsys.readouterr().err == "warning: step 3 is damaged\nerror: no more\n" * 2


# --- as a program


def program(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "vpn_anomaly.main", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--config=configs/quick.py", "--config.train.steps=0"], "train.steps is 0"),
        (["--config=configs/none.py"], "configs/none.py"),
    ],
)
def test_a_bad_command_as_a_program(arguments, words):
    done = program(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and words in done.stderr
    assert done.stderr.count("\n") == 1


def test_errors_come_before_anything_heavy_is_imported():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, sys; from vpn_anomaly.main import main; code = main(sys.argv[1:]); "
            "print(json.dumps([code, [m for m in ('jax', 'flax', 'tensorflow', 'numpy') "
            "if m in sys.modules]]))",
            "--config=configs/full.py",
            "--config.model.stem=5",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == [2, []]
