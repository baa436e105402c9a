"""What an evaluation of the tiny run gives; tiny labelled sets in every layout, and runs on them."""

import json
import types

import pytest

from tests import tiny
from tests.data.labelled_files import labelled_clips, write_avenue, write_shanghaitech, write_ucsd
from vpn_anomaly.evaluation.sequences import evaluate
from vpn_anomaly.scoring.trained_model import trained_run

HEIGHT, WIDTH = 24, 32
# What clips are called, and how they are written.
LAYOUTS = {
    "ucsd": ("Train{:03d}", "Test{:03d}", write_ucsd),
    "avenue": ("{:02d}", "{:02d}", write_avenue),
    "shanghaitech": ("01_{:03d}", "01_{:04d}", write_shanghaitech),
}
FRAMES = (20, 14, 11)  # of the test clips
ANOMALOUS = ([(5, 9), (15, 18)], [], [(3, 11)])  # ranges of frames


def write_set(source, folder, strays=True):
    """Three clips of normal footage and three to test on; returns test clips and masks by name."""
    train_name, test_name, write = LAYOUTS[source]
    train = {train_name.format(number): 12 for number in (1, 2, 3)}
    names = [test_name.format(number) for number in (1, 2, 3)]
    if source == "avenue":  # names of both parts are alike
        normal, _, _ = labelled_clips(train, {}, {}, HEIGHT, WIDTH)
        train = {}
    made = labelled_clips(train, dict(zip(names, FRAMES)), dict(zip(names, ANOMALOUS)), HEIGHT, WIDTH)
    normal, test, masks = (normal, *made[1:]) if source == "avenue" else made
    extra = {"name": "{:03d}.png"} if source == "shanghaitech" else {}  # without loss
    write(folder, normal, test, masks, strays=strays, **extra)
    return test, masks


def labelled_run(folder, source, path):
    """A run on a set, and its `Trained`."""
    fields = {"data.source": source, "data.path": str(path), "data.video.cache": str(folder / "cache")}
    run = tiny.stored_run(folder / "run", tiny.tiny_config({**tiny.VIDEO_FIELDS, **fields}))
    run.trained = trained_run(run.config, run.directory)
    return run


@pytest.fixture(scope="session", params=LAYOUTS)
def labelled(request, tmp_path_factory):
    """A set in each layout with a run on it, its test clips and masks."""
    folder = tmp_path_factory.mktemp(request.param)
    test, masks = write_set(request.param, folder / "set")
    run = labelled_run(folder, request.param, folder / "set")
    return types.SimpleNamespace(source=request.param, test=test, masks=masks, **vars(run))


@pytest.fixture(scope="session")
def evaluated(tiny_run, tmp_path_factory):
    """The results of an evaluation of `tiny_run`, and its folder, which has a log of training."""
    folder = tmp_path_factory.mktemp("evaluated") / "Prüfung <1>"
    folder.mkdir()
    log = {"step": 1, "loss": 2.0, "gradient_norm": 1.0, "learning_rate": 0.1, "seconds": 1.0}
    lines = [json.dumps({**log, "step": step}) + "\n" for step in (1, 2)]
    (folder / "train.jsonl").write_text("".join(lines), encoding="utf-8")
    results = evaluate(tiny_run.config, trained_run(tiny_run.config, tiny_run.directory), folder)
    return types.SimpleNamespace(results=results, folder=folder)
