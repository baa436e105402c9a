"""The library's functions: what they give is what the commands write, to the bit, and nothing is printed unasked."""

import csv
import json
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

import vpn_anomaly
from tests import tiny
from tests.data.video_files import write_video
from tests.watching.conftest import COUNT, footage
from vpn_anomaly.main import main
from vpn_anomaly.watching.events import Change


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film of which some frames, the last ones too, are white: as a file, and its frames."""
    frames = footage(COUNT, seed=1)
    for white in (slice(18, 24), slice(COUNT - 5, COUNT)):
        frames[white] = 255 - frames[white] // 4
    folder = tmp_path_factory.mktemp("film")
    np.save(folder / "film.npy", frames)
    return folder / "film.npy", frames


@pytest.fixture(scope="module")
def clips():
    return np.random.default_rng(0).integers(0, 256, (3, tiny.FRAMES, tiny.SIDE, tiny.SIDE), np.uint8)


@pytest.fixture(scope="module")
def detector(tiny_run):
    return vpn_anomaly.load(tiny_run.directory)


def test_the_import_loads_nothing_slow():
    program = (
        "import sys, vpn_anomaly; vpn_anomaly.UserError; dir(vpn_anomaly)\n"
        "assert not {'jax', 'numpy', 'absl', 'ml_collections'} & set(sys.modules), sorted(sys.modules)\n"
        "try:\n    vpn_anomaly.lode\nexcept AttributeError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "module 'vpn_anomaly' has no attribute 'lode'\n"


def test_scores_are_those_of_the_command(detector, tiny_run, clips, tmp_path, capfd):
    tiny.config_file(tmp_path / "tiny.py", tiny_run.config)
    np.save(tmp_path / "clips.npy", clips)
    command = [f"--config={tmp_path}/tiny.py", f"--workdir={tiny_run.directory}", "--mode=score"]
    outputs = [f"--output={tmp_path}/scores.csv", f"--maps={tmp_path}/maps.npz"]
    assert main([*command, f"--input={tmp_path}/clips.npy", *outputs]) == 0
    capfd.readouterr()
    given = detector.score(clips, maps=True)
    table = given.to_pandas()
    assert capfd.readouterr() == ("", "")
    with open(tmp_path / "scores.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(table) == list(rows[0]) and len(table) == len(rows) == len(clips)
    for name in table:
        assert [float(row[name]) for row in rows] == [float(value) for value in table[name]]
    with np.load(tmp_path / "maps.npz") as maps:
        assert set(maps) == {*given.maps, "shown"}
        for name, map_NxHxW in given.maps.items():
            np.testing.assert_array_equal(map_NxHxW, maps[name])
    of_file = detector.score(tmp_path / "clips.npy").scores
    assert all((of_file[name] == given.scores[name]).all() for name in of_file)


def test_without_an_output_the_command_prints_them(tiny_run, tmp_path, capsys):
    tiny.config_file(tmp_path / "tiny.py", tiny_run.config)
    np.save(tmp_path / "clips.npy", np.zeros((2, tiny.FRAMES, tiny.SIDE, tiny.SIDE), np.uint8))
    flags = ["--mode=score", f"--input={tmp_path}/clips.npy", f"--checkpoint={tiny_run.directory}"]
    assert main(flags) == 0
    printed = capsys.readouterr().out
    assert main([*flags, f"--output={tmp_path}/scores.csv"]) == 0
    assert printed == (tmp_path / "scores.csv").read_text(encoding="utf-8")


def test_every_frame_has_an_axis_of_its_own(detector, clips):
    last, every = detector.score(clips), detector.score(clips, maps=True, every_frame=True)
    assert every.frames[-1] == last.frames[0] == tiny.FRAMES - 1 and len(every.frames) > 1
    for name, score_NxG in every.scores.items():
        assert score_NxG.shape == (len(clips), len(every.frames))
        np.testing.assert_allclose(score_NxG[:, -1], last.scores[name], rtol=1e-5, atol=1e-6)
    assert every.maps["nll"].shape == (len(clips), len(every.frames), tiny.SIDE, tiny.SIDE)
    assert len(every.to_pandas()) == len(clips) * len(every.frames)


def test_threads_may_share_a_detector(detector, clips):
    wanted = [detector.score(clips[number : number + 1]).scores for number in range(len(clips))]
    found = [None] * len(clips)

    def score(number):
        found[number] = detector.score(clips[number : number + 1]).scores

    threads = [threading.Thread(target=score, args=(number,)) for number in range(len(clips))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [{**one} for one in found] == [{**one} for one in wanted]


def test_every_score_has_a_meaning(detector, stored, clips):
    assert set(detector.score(clips).scores) == set(detector.meaning)
    watched = vpn_anomaly.load(stored.directory)
    assert "appearance.detail_excess" in watched.meaning and "nats" in watched.meaning["any"]


def test_watched_frames_are_those_of_the_command(stored, film, tmp_path, capfd):
    path, frames = film
    outputs = [f"--scores={tmp_path}/scores.csv", f"--events={tmp_path}/events.jsonl"]
    assert main([f"--checkpoint={stored.directory}", "--mode=watch", f"--input={path}", *outputs]) == 0
    with open(tmp_path / "scores.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    capfd.readouterr()
    detector = vpn_anomaly.load(stored.directory)
    of_file, of_frames = list(detector.watch(path)), list(detector.watch(iter(frames)))
    assert capfd.readouterr() == ("", "")
    check_frames([one for one in of_file if one.image is not None], rows, detector.meaning)
    assert events and [record for one in of_file for record in records_of(one)] == [
        {name: value for name, value in record.items() if name != "source"} for record in events
    ]
    assert of_file[-1].image is None and of_file[-1].ended  # with the film, what was open
    numbers = [
        {event.id for one in of_file for event in events(one)}
        for events in (lambda one: one.began, lambda one: one.ended)
    ]
    assert numbers[0] == numbers[1]
    for one, other in zip(of_file, of_frames, strict=True):
        assert (one.index, one.time, one.scores, one.p) == (other.index, other.time, other.scores, other.p)
        for name, map_HxW in one.maps.items():
            np.testing.assert_array_equal(map_HxW, other.maps[name])


def check_frames(watched, rows, meaning):
    assert len(watched) == len(rows) == COUNT
    for one, row in zip(watched, rows):
        assert one.index == int(row["frame"]) and one.time == float(row["time"])
        assert set(one.scores) <= set(meaning)
        for name, score in one.scores.items():
            assert float(row[name]) == score
        for kind, p in one.p.items():
            assert float(row[f"p_{kind}"]) == p
    scored = next(one for one in reversed(watched) if one.scores)
    assert {"nll", "appearance.detail"} <= set(scored.maps)


def records_of(one):
    """The lines of the events' file that a frame makes, in its order: changes of one frame by kind."""
    changes = [("begin", one.began), ("change", one.changed), ("end", one.ended)]
    return [Change(what, event).as_record() for what, events in changes for event in events]


def test_frames_may_have_times_and_are_asked_for_one_by_one(stored, film):
    _, frames = film
    given = []

    def yielding():
        for number, frame in enumerate(frames):
            given.append(number)
            yield 2.0 * number, frame[..., 0]

    watching = vpn_anomaly.load(stored.directory).watch(yielding())
    for number in range(3):
        one = next(watching)
        assert (one.index, one.time) == (number, 2.0 * number) and given[-1] == number
    watching.close()


@pytest.mark.slow
def test_an_evaluation_is_that_of_the_run(tiny_run, evaluated, tmp_path, capfd):
    shutil.copytree(tiny_run.directory, tmp_path / "run")
    found = vpn_anomaly.load(tmp_path / "run").evaluate()
    assert capfd.readouterr() == ("", "") and (tmp_path / "run/report.html").exists()
    assert found["corruptions"] == evaluated.results["corruptions"]
    with pytest.raises(vpn_anomaly.UserError, match="is evaluated there; leave workdir out"):
        vpn_anomaly.load(tmp_path / "run").evaluate(tmp_path)


@pytest.mark.slow
def test_training_on_an_array(tmp_path, capfd):
    config = tiny.tiny_config(train__steps=2)
    array = np.random.default_rng(1).integers(0, 256, (80, tiny.FRAMES, tiny.SIDE, tiny.SIDE), np.uint8)
    trained = vpn_anomaly.train(config, array, tmp_path / "run")
    assert capfd.readouterr() == ("", "") and trained.config.evaluate.sequences == 4
    scores = trained.score(array[:2]).scores
    again = vpn_anomaly.train(
        config, array, tmp_path / "run", overrides={"evaluate.sequences": 3}, progress=True
    )
    assert f"the run is in {tmp_path}" in capfd.readouterr().out
    assert all((again.score(array[:2]).scores[name] == scores[name]).all() for name in scores)
    with pytest.raises(vpn_anomaly.UserError, match="holds a run on another array"):
        vpn_anomaly.train(config, array + 1, tmp_path / "run")


@pytest.mark.slow
def test_training_on_files(tmp_path, capfd):
    paths = [write_video(tmp_path / name, footage(200, seed)) for seed, name in enumerate(("b.mkv", "a.mkv"))]
    fields = {**tiny.VIDEO_FIELDS, "data.video.cache": str(tmp_path / "cache"), "train.steps": 2}
    trained = vpn_anomaly.train(tiny.tiny_config(fields), paths, tmp_path / "run")
    (found,) = {one.source for one in trained.watch(paths[0])}
    assert found.endswith("b.mkv") and capfd.readouterr() == ("", "")
    with pytest.raises(vpn_anomaly.UserError, match="holds a run on other files"):
        vpn_anomaly.train(tiny.tiny_config(fields), paths[::-1], tmp_path / "run")


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda d: vpn_anomaly.load("nowhere"), "there is no checkpoint 'nowhere'"),
        (
            lambda d: vpn_anomaly.load("pretrained", {"model.stem": 2}),
            "trained with another config: model.stem",
        ),
        (lambda d: vpn_anomaly.load("pretrained", {"model.stern": 2}), "model.stern"),
        (lambda d: vpn_anomaly.load("pretrained", {"score.masks": "2"}), "has to be a whole number"),
        (lambda d: vpn_anomaly.train("quik"), "'quik' cannot be read"),
        (lambda d: vpn_anomaly.train("quick", np.zeros((2, 3))), "float64 of shape (2, 3); give uint8"),
        (lambda d: vpn_anomaly.train("quick", data=["gone.mp4"]), "there is no file"),
        (lambda d: d.score(np.zeros((2, 8, 32, 32))), "float64 of shape (2, 8, 32, 32); give uint8"),
        (lambda d: d.score(np.zeros((2, 8, 28, 32), np.uint8)), "the given sequences: height 28"),
        (lambda d: d.watch("film.mp4"), "needs a run that was trained on videos"),
        (lambda d: d.evaluate(data=("ucsd", "nowhere")), "another config: data.source"),
    ],
)
def test_bad_requests_are_one_line(detector, call, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(vpn_anomaly.UserError) as error:
        call(detector)
    assert said in str(error.value) and "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "frame", [np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), "frame", np.zeros((0, 4), np.uint8)]
)
def test_what_is_no_frame_is_refused(stored, frame):
    good = np.zeros((22, 31), np.uint8)
    with pytest.raises(vpn_anomaly.UserError, match="frame 1 is .*; give uint8 frames"):
        list(vpn_anomaly.load(stored.directory).watch([good, frame]))
