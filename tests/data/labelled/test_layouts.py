"""A set of another layout is refused before anything is decoded, and told by what it looks like."""

import pathlib
import shutil

import numpy as np
import pytest

from tests.data.labelled_files import (
    labelled_clips,
    refused,
    write_avenue,
    write_frame_folders,
    write_shanghaitech,
    write_ucsd,
)
from tests.tiny import VIDEO_FIELDS, config_file, tiny_config
from vpn_anomaly import main as program
from vpn_anomaly.config import as_dict
from vpn_anomaly.data.labelled import avenue, frame_folders, shanghaitech, ucsd
from vpn_anomaly.data.video import frame_cache, image_depth
from vpn_anomaly.storage import calibration_file, exported_weights

READERS = {"ucsd": ucsd, "avenue": avenue, "shanghaitech": shanghaitech, "frame_folders": frame_folders}
NAMES = {
    "ucsd": "UCSD Ped1 or Ped2",
    "avenue": "CUHK Avenue",
    "shanghaitech": "ShanghaiTech",
    "frame_folders": "a set of frame folders",
}
NOT = {name: f" is not {of} as it is published" for name, of in NAMES.items()}
NOT["frame_folders"] = " is not a set of frame folders as ano_pred, MNAD, HF2-VAD and astnet pass it on"
WRITERS = {
    "ucsd": write_ucsd,
    "avenue": write_avenue,
    "shanghaitech": write_shanghaitech,
    "frame_folders": write_frame_folders,
}
OTHERS = [name for name in READERS if name != "frame_folders"]


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A folder with a folder a layout, each alone in one of its own: top/NAME/set."""
    top = tmp_path_factory.mktemp("sets")
    clips = labelled_clips({"11": 3, "12": 3, "13": 3}, {"01": 5, "02": 4}, {"01": [(1, 3)]}, 16, 16)
    for name, write in WRITERS.items():
        write(top / name / "set", *clips, strays=False)
    return top


@pytest.fixture
def undecoded(monkeypatch):
    """Decoding is an error of the test."""

    def decode(*_, **__):
        raise AssertionError("decoded")

    monkeypatch.setattr(frame_cache, "open_video", decode)
    monkeypatch.setattr(avenue, "open_video", decode)
    monkeypatch.setattr(image_depth, "pictures", decode)


@pytest.mark.parametrize("given", READERS)
@pytest.mark.parametrize("actual", READERS)
def test_published_sets(sets, undecoded, given, actual):
    folder, above, inside = sets / actual / "set", sets / actual, next((sets / actual / "set").glob("[Tt]*"))
    if given == actual:
        READERS[given].check_layout(folder)
        for place in (above, inside):
            assert refused(READERS[given].check_layout, place).endswith(f"; give {folder}")
        return
    words = f"looks like {NAMES[actual]}: set data.source={actual}"
    not_given = NOT[given]
    assert refused(READERS[given].check_layout, folder, not_given).endswith(f"; this {words}")
    for place in (above, inside):
        line = refused(READERS[given].check_layout, place, not_given)
        assert line.endswith(f"; {folder} {words} and data.path={folder}")


def test_training_frames_do_not_hide_that_it_is_shanghaitech(tmp_path, undecoded):
    clips = labelled_clips({"11": 3}, {"01": 5}, {"01": [(1, 3)]}, 16, 16)
    write_shanghaitech(tmp_path / "set", *clips, train_as=["frames"])
    line = refused(
        frame_folders.check_layout, tmp_path / "set", "found no NAME.mat and no frame_labels_NAME.npy"
    )
    assert line.endswith("; this looks like ShanghaiTech: set data.source=shanghaitech")


@pytest.mark.parametrize("given", READERS)
def test_folders_that_look_like_nothing(tmp_path, undecoded, given):
    (tmp_path / "x/frames").mkdir(parents=True)
    line = refused(READERS[given].check_layout, tmp_path / "x", NOT[given])
    assert line.endswith("; give the folder that holds all of it")


@pytest.mark.parametrize(
    "given, lacking",
    [
        ("ucsd", "Train"),
        ("ucsd", "Test"),
        ("ucsd", "Test/UCSDped1.m"),
        ("avenue", "training_videos"),
        ("avenue", "testing_videos"),
        ("avenue", "ground_truth_demo"),
        ("shanghaitech", "training"),
        ("shanghaitech", "testing"),
        ("shanghaitech", "testing/test_frame_mask"),
        ("avenue", "ground_truth_demo/testing_label_mask/2_label.mat"),
        ("shanghaitech", "testing/test_frame_mask/02.npy"),
        ("frame_folders", "training"),
        ("frame_folders", "testing"),
        ("frame_folders", "ped2.mat"),
    ],
)
def test_halves_that_are_missing(sets, tmp_path, undecoded, given, lacking):
    folder = tmp_path / "set"
    shutil.copytree(sets / given / "set", folder)
    path = folder / lacking
    path.unlink() if path.is_file() else shutil.rmtree(path)
    line = refused(READERS[given].check_layout, folder)
    assert "found no " in line or "are missing" in line


@pytest.mark.parametrize("given", OTHERS)
@pytest.mark.parametrize("radius", [0, 2])
@pytest.mark.parametrize("mode", ["", "train"])
def test_training_is_refused_before_it_begins(sets, tmp_path, capsys, undecoded, given, radius, mode):
    config = tiny_config(
        VIDEO_FIELDS,
        data__source=given,
        data__path=str(sets / "frame_folders/set"),
        data__video__cache=str(tmp_path / "cache"),
        model__attention__radius=radius,
    )
    config_file(tmp_path / "c.py", config)
    flags = [f"--config={tmp_path / 'c.py'}", f"--workdir={tmp_path / 'run'}"]
    assert program.main(flags + [f"--mode={mode}"] * bool(mode)) == 2
    said = capsys.readouterr()
    assert (
        said.err.count("\n") == 1
        and "looks like a set of frame folders: set data.source=frame_folders" in said.err
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("given", OTHERS)
def test_evaluation_of_a_checkpoint_likewise(sets, tmp_path, capsys, undecoded, given):
    folder = tmp_path / "weights"
    folder.mkdir()
    calibration_file.save(folder, {}, {"mean_nll": np.ones(2)})
    exported_weights.write(folder, {}, {"config": as_dict(tiny_config()), "step": 4, "commit": None})
    assert (
        program.main(
            [
                f"--checkpoint={folder}",
                "--mode=evaluate",
                f"--workdir={tmp_path / 'run'}",
                f"--config.data.source={given}",
                f"--config.data.path={sets / 'frame_folders/set'}",
            ]
        )
        == 2
    )
    assert "looks like a set of frame folders: set data.source=frame_folders" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_it_is_refused_before_the_labels_are_unpacked(sets, tmp_path, undecoded, monkeypatch):
    """Those of Avenue take seconds a clip."""
    monkeypatch.setattr(avenue.matlab_file, "read_cells", lambda *_: pytest.fail("unpacked"))
    folder = tmp_path / "set"
    shutil.copytree(sets / "avenue/set", folder)
    shutil.rmtree(folder / "training_videos")
    refused(avenue.check_layout, folder, "found no video in training_videos/")


def test_writers_and_readers_agree(sets):
    for name, reader in READERS.items():
        clips = reader.test_clips(pathlib.Path(sets / name / "set"))
        assert [clip.name for clip in clips] == ["01", "02"]
        assert np.flatnonzero(clips[0].label_T).tolist() == [1, 2]
