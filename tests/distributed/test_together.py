"""Two processes with two devices each do what one process does; whatever ends one of them, ends all."""

import csv
import json
import shutil
import signal
import time

import numpy as np
import pytest

from tests.distributed import running
from tests.labelled_sets import write_set
from tests.report.training_page_reader import page_of
from tests.tiny import VIDEO_FIELDS, config_file, tiny_config
from vpn_anomaly.storage import checkpoint_reading, checkpoints

pytestmark = pytest.mark.slow
STEPS = 6
FIELDS = {
    "train.batch_size": 12,
    "train.steps": STEPS,
    "train.checkpoint_every": 2,
    "train.carried": True,
    "train.loss_pixels": 0,
    "train.report_every": 4,
}


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """Those of a tiny config of batch 12 for a folder, and more."""
    path = tmp_path_factory.mktemp("config") / "tiny.py"
    config_file(path, tiny_config(FIELDS))
    return lambda folder, *more: [f"--config={path}", f"--workdir={folder}", *more]


@pytest.fixture(scope="module")
def together(flags, tmp_path_factory):
    """The folder of a run that two processes trained and evaluated, and how they ended."""
    folder = tmp_path_factory.mktemp("together") / "run"
    return folder, running.run(flags(folder), 2)


@pytest.fixture(scope="module")
def alone(flags, tmp_path_factory):
    """The folder of the same run, trained by one process with one device."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    done = running.run_alone(flags(folder, "--mode=train"))
    assert done.code == 0, done.stderr
    return folder


def losses(folder):
    """(step, loss, gradient norm) of all that was logged."""
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return np.array([(row["step"], row["loss"], row["gradient_norm"]) for row in rows])


def arrays(folder, step=STEPS):
    """The checksums of a checkpoint's arrays."""
    return checkpoint_reading.read_record(folder / "checkpoints" / str(step))["arrays"]


def test_one_set_of_files_and_one_voice(together):
    folder, (first, second) = together
    assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
    assert "break-even accuracy" in first.stdout and second.stdout == second.stderr == ""
    assert len(losses(folder)) == STEPS and len(list((folder / "events").iterdir())) == 1
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "results.json", "report.html", "scores.npz", "figures", "checkpoints"} <= names
    assert not [name for name in names if name.startswith(".")]  # neither a lock nor a probe is left
    assert checkpoints.saved_steps(folder / "checkpoints") == [2, 4, 6]


def test_losses_and_gradients_are_those_of_one_device(together, alone):
    np.testing.assert_allclose(losses(together[0]), losses(alone), rtol=1e-5)


def test_scores_are_those_of_one_process(together, flags, tmp_path):
    """Those of calibration, too, which are computed again; what follows from these six is extrapolated."""
    folder, copy = together[0], tmp_path / "copy"
    copy_run(folder, copy, STEPS)
    done = running.run_alone(flags(copy, "--mode=evaluate"))
    assert done.code == 0, done.stderr
    for name in ("scores.npz", "checkpoints/calibration.npz"):
        with np.load(copy / name) as one, np.load(folder / name) as two:
            assert set(one.files) == set(two.files)
            for score in one.files:
                if one[score].dtype.kind == "f":
                    tolerance = 1e-3 if "any" in score else 1e-5
                    np.testing.assert_allclose(
                        two[score], one[score], rtol=tolerance, atol=1e-5, err_msg=score
                    )


def copy_run(folder, copy, step):
    """A run with one checkpoint of another, and without what follows from it."""
    (copy / "checkpoints").mkdir(parents=True)
    shutil.copy(folder / "config.json", copy)
    shutil.copytree(folder / "checkpoints" / str(step), copy / "checkpoints" / str(step))


def test_training_twice_ends_equal_to_the_bit(together, flags, tmp_path):
    ended = running.run(flags(tmp_path / "again", "--mode=train"), 2)
    assert [one.code for one in ended] == [0, 0], ended
    assert arrays(tmp_path / "again") == arrays(together[0])
    assert page_of(tmp_path / "again").all("title")[0].text == f"Trained: step {STEPS} of {STEPS}"


@pytest.mark.parametrize("count, devices", [(1, 1), (3, 1)])
def test_a_checkpoint_of_four_devices_goes_on_with_others(together, alone, flags, tmp_path, count, devices):
    """With the same parameters, optimizer, memory and data: what follows agrees to rounding."""
    folder, run = together[0], tmp_path / "run"
    copy_run(folder, run, 2)
    (ended, *_) = running.run(flags(run, "--mode=train"), count, devices)
    assert ended.code == 0, ended.stderr
    np.testing.assert_allclose(losses(run), losses(alone)[2:], rtol=2e-5)


def test_sequences_of_a_file_are_scored_as_by_one_process(together, flags, tmp_path):
    clips = np.random.default_rng(0).integers(0, 256, (3, 9, 32, 32), np.uint8)
    np.save(tmp_path / "clips.npy", clips)
    score = ("--mode=score", f"--input={tmp_path / 'clips.npy'}", "--config.score.every_frame=True")
    outputs = lambda name: [f"--output={tmp_path / name}.csv", f"--maps={tmp_path / name}.npz"]
    ended = running.run(flags(together[0], *score, *outputs("two")), 2)
    assert [one.code for one in ended] == [0, 0], ended
    one = running.run_alone(flags(together[0], *score, *outputs("one")))
    assert one.code == 0, one.stderr
    table = lambda name: np.genfromtxt(tmp_path / f"{name}.csv", delimiter=",", skip_header=1)
    np.testing.assert_allclose(table("two"), table("one"), rtol=1e-5, atol=1e-5)
    with np.load(tmp_path / "one.npz") as alone, np.load(tmp_path / "two.npz") as both:
        for name in alone.files:
            np.testing.assert_allclose(both[name], alone[name], rtol=1e-5, atol=1e-5)


def test_a_labelled_set_is_scored_and_watched_as_by_one_process(tmp_path):
    """Its normal clips calibrate."""
    write_set("ucsd", tmp_path / "set")
    fields = {
        "data.source": "ucsd",
        "data.path": str(tmp_path / "set"),
        "train.steps": 2,
        "train.batch_size": 4,
    }
    fields |= {"data.video.cache": str(tmp_path / "cache"), "evaluate.calibration_sequences": 2}
    config_file(tmp_path / "tiny.py", tiny_config({**VIDEO_FIELDS, **fields}))
    command = [f"--config={tmp_path / 'tiny.py'}", f"--workdir={tmp_path / 'run'}"]
    ended = running.run(command, 2)
    assert [one.code for one in ended] == [0, 0], ended
    both, results = frames(tmp_path / "run"), json.loads((tmp_path / "run/results.json").read_text())
    for name in ("calibration.npz", "watch_calibration.npz", "results.json", "frames.csv"):
        next((tmp_path / "run").rglob(name)).unlink()
    one = running.run_alone([*command, "--mode=evaluate"])
    assert one.code == 0, one.stderr
    np.testing.assert_allclose(both, frames(tmp_path / "run"), rtol=1e-4, atol=1e-5)
    again = json.loads((tmp_path / "run/results.json").read_text())
    assert results["hardware"]["processes"] == 2 and again["hardware"]["processes"] == 1
    for name, pixels in again["maps"].items():
        assert results["maps"][name]["pixel_auroc"] == pytest.approx(pixels["pixel_auroc"], abs=1e-3)

    # Its test clips, watched by two processes and by one.
    outputs = lambda name: [f"--{kind}={tmp_path / name}.{end}" for kind, end in OUTPUTS.items()]
    watch = [*command, "--mode=watch", f"--input={tmp_path / 'set' / 'Test' / 'Test00[1-3]'}"]
    ended = running.run([*watch, *outputs("two")], 2)
    assert [one.code for one in ended] == [0, 0], ended
    one = running.run_alone([*watch, *outputs("one")])
    assert one.code == 0, one.stderr
    scores = [rows(tmp_path / f"{name}.csv") for name in ("one", "two")]
    assert [row[:2] for row in scores[0]] == [row[:2] for row in scores[1]]  # source and frame, in order
    numbers = [np.array([row[2:] for row in table[1:]]).astype(str) for table in scores]
    blank = numbers[0] == ""
    np.testing.assert_array_equal(blank, numbers[1] == "")
    np.testing.assert_allclose(*(table[~blank].astype(float) for table in numbers), rtol=1e-4, atol=1e-5)
    events = [(tmp_path / f"{name}.jsonl").read_text().splitlines() for name in ("one", "two")]
    assert [json.loads(line)["source"] for line in events[0]] == [
        json.loads(line)["source"] for line in events[1]
    ]
    report = (tmp_path / "two.html").read_text(encoding="utf-8")
    assert all(f"Test00{number}" in report for number in (1, 2, 3))


OUTPUTS = {"scores": "csv", "events": "jsonl", "report": "html"}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def frames(folder):
    """The numbers of frames.csv."""
    return np.genfromtxt(folder / "frames.csv", delimiter=",", skip_header=1)[:, 1:]


# --- how they end


def started(flags, folder, *more):
    """Two processes that train for long, once they have saved something."""
    processes = running.start(flags(folder, "--mode=train", "--config.train.steps=100000", *more), 2)
    until = time.monotonic() + running.SECONDS
    while not checkpoints.saved_steps(folder / "checkpoints"):
        assert time.monotonic() < until and all(one.poll() is None for one in processes)
        time.sleep(0.05)
    return processes


@pytest.mark.parametrize("killed, backend", [(0, "numpy"), (1, "tensorflow")])
def test_of_one_that_is_killed_the_other_tells_and_one_process_goes_on(flags, tmp_path, killed, backend):
    """Also where TensorFlow's threads make the batches, which may not carry memory."""
    folder, feeding = tmp_path / "run", ["--config.train.carried=False", f"--config.data.backend={backend}"]
    processes = started(flags, folder, *feeding)
    processes[killed].kill()
    began = time.monotonic()
    ended = running.ended(processes)
    assert time.monotonic() - began < 30
    assert ended[killed].code == -signal.SIGKILL
    survivor = ended[1 - killed]
    assert survivor.code == 2
    assert errors(survivor) == [f"error: process {killed} of 2 is lost (killed, or its machine is down)"]
    if killed == 0:
        return
    saved = checkpoints.saved_steps(folder / "checkpoints")[-1]
    stored = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stored["train"]["steps"] = (
        saved + 1
    )  # as if that had been asked for: the length of the run is not the point
    (folder / "config.json").write_text(json.dumps(stored), encoding="utf-8")
    done = running.run_alone(flags(folder, f"--config.train.steps={saved + 1}", "--mode=train", *feeding))
    assert done.code == 0, done.stderr
    assert checkpoints.saved_steps(folder / "checkpoints")[-1] == saved + 1


def errors(ended):
    return [line for line in ended.stderr.splitlines() if line.startswith("error")]


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stop_of_one_is_a_stop_of_all_at_one_step(flags, tmp_path, number, code):
    folder = tmp_path / "run"
    processes = started(flags, folder)
    processes[1].send_signal(number)
    ended = running.ended(processes, seconds=60)
    assert [one.code for one in ended] == [code, code], ended
    step = checkpoints.saved_steps(folder / "checkpoints")[-1]
    assert losses(folder)[-1][0] == step < 100000


def test_what_one_process_cannot_read_ends_all(flags, tmp_path):
    """The file lies where process 0 was started."""
    folders = [tmp_path / "a", tmp_path / "b"]
    folders[0].mkdir()
    np.save(folders[0] / "clips.npy", np.zeros((400, 8, 32, 32), np.uint8))
    more = ("--config.data.path=clips.npy", "--config.train.carried=False", "--mode=train")
    ended = running.run(flags(tmp_path / "run", *more), 2, folders=folders)
    assert [one.code for one in ended] == [2, 2]
    assert errors(ended[1])[0].startswith("error: clips.npy: cannot be opened")
    assert errors(ended[0]) == [errors(ended[1])[0].replace("error: ", "error: process 1: ")]
    assert not list((tmp_path / "run").glob("*"))


def test_a_workdir_that_not_all_see(flags, tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    ended = running.run(flags("run", "--mode=train"), 2, folders=folders)
    assert [one.code for one in ended] == [2, 2]
    for one in ended:
        assert len(errors(one)) == 1 and "is not the folder that process 0 sees" in errors(one)[0]
    assert not (folders[1] / "run").exists()


def test_processes_of_different_configs(flags, tmp_path):
    more = (["--config.train.learning_rate=0.1"], ["--config.train.learning_rate=0.2"])
    ended = running.run(flags(tmp_path / "run"), 2, more=more)
    assert [one.code for one in ended] == [2, 2]
    for one in ended:
        (line,) = errors(one)
        assert "train.learning_rate is '0.1' in process 0 and '0.2' in process 1" in line
    assert not (tmp_path / "run").exists()


def test_a_coordinator_that_does_not_answer(flags, tmp_path):
    (one,) = running.ended(
        running.start(flags(tmp_path / "run", "--coordinator_timeout=2"), 2, indices=[1]), seconds=60
    )
    assert one.code == 2
    assert len(errors(one)) == 1 and "does not answer within 2 s" in errors(one)[0]


def test_a_batch_that_does_not_divide(flags, tmp_path):
    ended = running.run(flags(tmp_path / "run", "--config.train.batch_size=10"), 2)
    assert [one.code for one in ended] == [2, 2]
    for one in ended:
        assert errors(one) == ["error: train.batch_size=10 over 4 devices: set a multiple of 4"]
