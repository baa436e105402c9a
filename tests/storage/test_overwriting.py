"""No output replaces or joins what is read, whatever names it."""

import os
import pathlib

import pytest

from tests import tiny
from vpn_anomaly import main as program
from vpn_anomaly import modes
from vpn_anomaly.config import as_dict
from vpn_anomaly.data.build import read_videos
from vpn_anomaly.data.video.source_files import would_read
from vpn_anomaly.data.video.sources import image_files, sources
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import exported_weights
from vpn_anomaly.storage.overwriting import Files, Folder, check_not_overwritten

DIFFERENT = "have to be different files"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder, with footage of every layout; its files hold their names."""
    for name in (
        "solo/v.mp4",
        "images/1.png",
        "images/2.png",
        "odd/film",
        "odd2/a.dat",
        "two/a/1.mp4",
        "two/b/2.mp4",
        "two/b/c/3.mkv",
        "normal/n.mkv",
        "v[1].mp4",
        "x.npz",
        "glyphs.npz",
        "zones.png",
        "ped2/Train/Train001/001.tif",
        "ped2/Test/UCSDped2.m",
        "ped2/training_videos/1.avi",
        "weights/about.json",
        "weights/weights.npz",
        "weights/watch_calibration.npz",
        "weights/motion/weights.npz",
        "run/config.json",
        "run/checkpoints/watch_calibration.npz",
        "run/checkpoints/4/params/a",
        "run/motion/config.json",
        "run/appearance/checkpoints/watch_calibration.npz",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in ("empty", "out", "two/d"):
        (tmp_path / name).mkdir()
    (tmp_path / "solo_link").symlink_to("solo")
    (tmp_path / "linked.mp4").symlink_to("solo/v.mp4")
    (tmp_path / "to_new.mp4").symlink_to("solo/new.mp4")
    (tmp_path / "linked.npz").symlink_to("x.npz")
    (tmp_path / "linked_weights.npz").symlink_to("weights/weights.npz")
    (tmp_path / "linked_run.npz").symlink_to("run/checkpoints/watch_calibration.npz")
    (tmp_path / "linked_labels.mp4").symlink_to("ped2/Test/UCSDped2.m")
    (tmp_path / "linked_config.html").symlink_to("tiny.py")
    (tmp_path / "linked_zones.html").symlink_to("zones.png")
    os.link(tmp_path / "solo/v.mp4", tmp_path / "hard.mp4")
    os.link(tmp_path / "x.npz", tmp_path / "hard.npz")
    os.link(tmp_path / "ped2/training_videos/1.avi", tmp_path / "hard_set.mkv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flag_of(path, mode="watch"):
    ending = os.path.splitext(path)[1]
    if mode == "score":
        return {".csv": "output", ".npz": "maps"}[ending]
    return {".csv": "scores", ".jsonl": "events", ".mp4": "video", ".mkv": "video", ".html": "report"}[ending]


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def config_file(**fields):
    config = tiny.tiny_config({**tiny.VIDEO_FIELDS, "data.path": "nowhere", **fields})
    tiny.config_file(pathlib.Path("tiny.py"), config)
    return "--config=tiny.py"


# What is watched, and an output that is read already.
REPLACED = [
    ("solo", "solo/v.mp4"),
    ("solo/", "solo/v.mp4"),
    ("./solo", "solo//v.mp4"),
    ("solo", "out/../solo/v.mp4"),
    ("solo/../solo", "{}/solo/v.mp4"),
    ("solo/v.mp4", "solo/v.mp4"),
    ("solo/v.mp4", "solo/./v.mp4"),
    ("solo/*.mp4", "solo/v.mp4"),
    ("solo/*", "solo/v.mp4"),
    ("so*/v.mp4", "solo/v.mp4"),
    ("sol?", "solo/v.mp4"),
    ("**/*.mp4", "two/b/2.mp4"),
    ("two/**", "two/b/c/3.mkv"),
    ("two/*", "two/a/1.mp4"),
    ("{}/solo", "solo/v.mp4"),
    ("solo", "linked.mp4"),
    ("solo", "hard.mp4"),
    ("solo_link", "solo/v.mp4"),
    ("solo", "solo_link/v.mp4"),
    ("linked.mp4", "solo/v.mp4"),
    ("hard.mp4", "solo/v.mp4"),
    ("hard.mp4", "linked.mp4"),
    ("v[1].mp4", "v[1].mp4"),
    ("v[[]1].mp4", "v[1].mp4"),
    ("none.mp4", "none.mp4"),
    ("none.mp4", "out/../none.mp4"),
]
# What is watched, and a new output that would be read the next time.
JOINED = [
    ("solo", "solo/new.mp4"),
    ("solo", "solo/new.mkv"),
    ("solo", "to_new.mp4"),
    ("solo_link", "solo/new.mp4"),
    ("solo", "solo_link/new.mp4"),
    ("solo/*.mp4", "solo/new.mp4"),
    ("solo/*", "solo/new.mkv"),
    ("solo/*4", "out/../solo/new.mp4"),
    ("**/*.mp4", "empty/new.mp4"),
    ("**/*.mp4", "new.mp4"),
    ("two/**", "two/b/new.mkv"),
    ("two/**", "two/new.mkv"),
    ("two/**", "two/d/new.mkv"),
    ("**", "new.mkv"),
    ("two/*", "two/a/new.mp4"),
    ("two/*", "two/d/new.mp4"),
    ("two/*/*", "two/d/new.mp4"),
    ("two/*", "two/b/c/../new.mp4"),
    ("images", "images/new.mp4"),
    ("images/*", "images/new.mp4"),
    ("{}/solo/*", "solo/new.mp4"),
    ("*/*.mp4", "empty/new.mp4"),
    ("*.mp4", "new.mp4"),
    ("odd/*", "odd/new.csv"),
    ("odd/*", "odd/new.mp4"),
    ("odd2/*", "odd2/new.html"),
    ("odd/*", "odd/new.jsonl"),
]
KEPT_APART = [
    ("solo", "out/new.mp4"),
    ("solo", "solo/new.csv"),
    ("solo", "solo/new.html"),
    ("solo", "solo/new.jsonl"),
    ("solo", "new.mp4"),
    ("solo/*", "solo/new.csv"),
    ("solo", "solo/.new.mp4"),
    ("solo/*.mp4", "solo/new.mkv"),
    ("solo/v.mp4", "solo/new.mp4"),
    ("v[1].mp4", "v1.mp4"),
    ("two", "two/b/new.mp4"),
    ("two/*/*", "two/new.mp4"),
    ("two/b/*", "two/b/c/d.html"),
    ("images", "images/new.csv"),
    ("images/*.png", "images/new.mp4"),
    ("odd/*m", "odd/new.csv"),
    ("odd/film", "odd/new.csv"),
    ("camera:0", "solo/new.mp4"),
    ("http://host/*.mp4?[1]", "new.mp4"),
    ("rtsp://host/solo", "solo/v.mp4"),
]


@pytest.fixture
def refused(place, capsys, monkeypatch):
    """Runs a command that has to be refused before any work, and leave all as it is; gives its line."""

    def work(*arguments):
        raise AssertionError("began to work")

    def run(mode, where, *outputs, flags=()):
        monkeypatch.setattr(modes, "run", work)
        flags = [*(flags or [config_file(), "--workdir=none"]), f"--mode={mode}"]
        flags.append(f"--input={where.format(place)}")
        before = files_of(place)
        flags += [f"--{flag_of(path, mode)}={path.format(place)}" for path in outputs]
        assert program.main(flags) == 2
        assert files_of(place) == before
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("error: ") and err.count("\n") == 1
        return err

    return run


@pytest.mark.parametrize("where, output", REPLACED)
def test_what_is_watched_is_not_replaced(refused, where, output):
    line = refused("watch", where, output)
    assert DIFFERENT in line and "--video=" in line and "--input=" in line


@pytest.mark.parametrize("where, output", JOINED)
def test_what_is_watched_is_not_joined(refused, where, output):
    line = refused("watch", where, output)
    assert "the next time" in line and "write to another folder" in line and "--input=" in line


@pytest.mark.parametrize("where, output", KEPT_APART)
def test_other_files_may_be_written_anywhere(place, capsys, where, output):
    flags = [config_file(), "--workdir=none", "--mode=watch", f"--input={where}"]
    assert program.main([*flags, f"--{flag_of(output)}={output}"]) == 2
    assert "nothing was trained in none" in capsys.readouterr().err


def read_by(where):
    try:
        return [image_files(source) or source for source in sources(where)]
    except UserError as error:
        return str(error)


@pytest.mark.parametrize("where, output", JOINED + KEPT_APART)
def test_a_file_would_be_read_where_it_is_read_once_it_is_there(place, where, output):
    where, output = where.format(place), pathlib.Path(output)
    told, before = would_read(where, pathlib.Path(os.path.realpath(output))), read_by(where)
    output.touch()
    assert told == (read_by(where) != before)


@pytest.mark.parametrize(
    "fields, output",
    [
        ({"data.path": "normal"}, "normal/n.mkv"),
        ({"data.path": "normal/*"}, "normal/new.mp4"),
        ({"data.path": "solo"}, "hard.mp4"),
        ({"data.path": "{}/solo/v.mp4"}, "linked.mp4"),
        ({"data.path": "ped2", "data.source": "ucsd"}, "linked_labels.mp4"),
        ({"data.path": "ped2", "data.source": "avenue"}, "hard_set.mkv"),
        ({"data.path": "ped2/.", "data.source": "avenue"}, "ped2/training_videos/new.mkv"),
        ({"watch.zones": "zones.png"}, "linked_zones.html"),
    ],
)
def test_what_the_model_was_trained_on_is_kept(place, refused, fields, output):
    fields = {name: value.format(place) for name, value in fields.items()}
    line = refused("watch", "two/a/1.mp4", output, flags=[config_file(**fields), "--workdir=none"])
    assert DIFFERENT in line and "--config." in line


@pytest.mark.parametrize(
    "where, output",
    [
        ("x.npz", "x.npz"),
        ("./x.npz", "{}/x.npz"),
        ("x.npz", "linked.npz"),
        ("linked.npz", "x.npz"),
        ("x.npz", "hard.npz"),
        ("two/a/1.mp4", "weights/weights.npz"),
        ("x.npz", "linked_weights.npz"),
        ("x.npz", "run/checkpoints/watch_calibration.npz"),
        ("x.npz", "linked_run.npz"),
        ("two/a/1.mp4", "weights/motion/weights.npz"),
        ("x.npz", "run/appearance/checkpoints/watch_calibration.npz"),
        ("x.npz", "glyphs.npz"),
    ],
)
def test_files_of_scoring_and_of_the_model_are_kept(refused, monkeypatch, where, output):
    config = tiny.tiny_config({"data.digits": "glyphs.npz"})
    tiny.config_file(pathlib.Path("tiny.py"), config)
    flags = ["--config=tiny.py", "--workdir=run"]
    if "weights" in output:
        monkeypatch.setattr(exported_weights, "read_about", lambda folder: {"config": as_dict(config)})
        flags = ["--checkpoint=weights"]
    assert DIFFERENT in refused("score", where, "out/s.csv", output, flags=flags)


def test_footage_in_a_folder_that_cannot_be_read_is_kept(refused):
    pathlib.Path("images/old.mp4").write_text("beside images")
    for where in ("images", "*"):
        assert "write to another folder" in refused("watch", where, "images/old.mp4")


@pytest.mark.parametrize("where, cache", [("solo", "solo"), ("two/*", "two/d"), ("odd/*", "./odd")])
def test_decoded_frames_do_not_join_the_footage(place, where, cache):
    before = files_of(place)
    data = tiny.tiny_config({**tiny.VIDEO_FIELDS, "data.path": where, "data.video.cache": cache}).data
    with pytest.raises(UserError, match="data.video.cache=.* give another folder"):
        read_videos(data)
    assert files_of(place) == before


def test_the_config_file_is_kept(refused):
    assert "--config=tiny.py" in refused("watch", "solo", "linked_config.html")


@pytest.mark.parametrize(
    "first, second",
    [
        ("out/a.csv", "out/b.jsonl"),
        ("out/b.jsonl", "out/a.csv"),
        ("out/new.csv", "out/new.jsonl"),
        ("out/soft.csv", "out/b.jsonl"),
        ("out/b.jsonl", "out/chain.csv"),
    ],
)
def test_two_outputs_are_two_files(place, refused, first, second):
    pathlib.Path("out/a.csv").write_text("a")
    os.link("out/a.csv", "out/b.jsonl")
    pathlib.Path("out/new.csv").symlink_to("new.jsonl")  # which is not there
    pathlib.Path("out/soft.csv").symlink_to("b.jsonl")
    pathlib.Path("out/chain.csv").symlink_to("soft.csv")
    assert "are the same file; give different files" in refused("watch", "solo", first, second)


def test_every_report_of_sources_watched_at_once_is_looked_at(place, refused):
    pathlib.Path("cameras.txt").write_text("solo/v.mp4\nimages\n")
    pathlib.Path("linked-2.html").symlink_to("solo/v.mp4")
    pathlib.Path("list-1.html").symlink_to("cameras.txt")
    said = refused("watch", "@cameras.txt", "linked.html")
    assert "--report=linked-2.html is a file that --input=solo/v.mp4 reads" in said
    assert "--report=list-1.html is a file that --input=@cameras.txt reads" in refused(
        "watch", "@cameras.txt", "list.html"
    )
    assert "is a file that --input=solo/v.mp4 reads" in refused("watch", "@cameras.txt", "linked.mp4")


def test_a_labelled_set_is_looked_through_once_however_its_folders_are_linked(place):
    pathlib.Path("ped2/Train/again").symlink_to("..")
    pathlib.Path("ped2/elsewhere").symlink_to("../solo")
    folder = Folder("the set", "ped2")
    assert len(list(folder.files())) == 4
    with pytest.raises(UserError, match="the output is a file that the set reads"):
        check_not_overwritten({"the output": pathlib.Path("solo/v.mp4")}, [folder])
    check_not_overwritten({"the output": pathlib.Path("ped2/new.csv")}, [folder, Files("none", [""])])
