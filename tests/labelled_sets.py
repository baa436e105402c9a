"""Tiny labelled sets in every layout, and runs on them."""

from tests import tiny
from tests.data.labelled_files import (
    labelled_clips,
    write_avenue,
    write_frame_folders,
    write_shanghaitech,
    write_ucsd,
)
from vpn_anomaly.scoring.trained_model import trained_run

HEIGHT, WIDTH = 24, 32
# What clips are called, and how they are written.
LAYOUTS = {
    "ucsd": ("Train{:03d}", "Test{:03d}", write_ucsd),
    "avenue": ("{:02d}", "{:02d}", write_avenue),
    "shanghaitech": ("01_{:03d}", "01_{:04d}", write_shanghaitech),
    "frame_folders": ("{:02d}", "{:02d}", write_frame_folders),
}
FRAMES = (20, 14, 11)  # of the test clips
ANOMALOUS = ([(5, 9), (15, 18)], [], [(3, 11)])  # ranges of frames


def write_set(source, folder, strays=True):
    """Three clips of normal footage and three to test on; returns test clips and masks by name."""
    train_name, test_name, write = LAYOUTS[source]
    train = {train_name.format(number): 12 for number in (1, 2, 3)}
    names = [test_name.format(number) for number in (1, 2, 3)]
    alike = train_name == test_name  # names of both parts
    if alike:
        normal, _, _ = labelled_clips(train, {}, {}, HEIGHT, WIDTH)
        train = {}
    made = labelled_clips(train, dict(zip(names, FRAMES)), dict(zip(names, ANOMALOUS)), HEIGHT, WIDTH)
    normal, test, masks = (normal, *made[1:]) if alike else made
    extra = {"name": "{:03d}.png"} if source in ("shanghaitech", "frame_folders") else {}  # without loss
    write(folder, normal, test, masks, strays=strays, **extra)
    return test, masks


def labelled_run(folder, source, path):
    """A run on a set, and its `TrainedModel`."""
    fields = {"data.source": source, "data.path": str(path), "data.video.cache": str(folder / "cache")}
    run = tiny.stored_run(folder / "run", tiny.tiny_config({**tiny.VIDEO_FIELDS, **fields}))
    run.trained = trained_run(run.config, run.directory)
    return run
