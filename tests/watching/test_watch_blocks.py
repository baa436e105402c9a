"""Block inpainting from the command line: sizes from the videos, its scores, its kinds of events."""

import csv
import json

import numpy as np
import pytest

from tests import tiny
from tests.data.video_files import write_video
from tests.watching.conftest import HEIGHT, WIDTH, footage
from vpn_anomaly.main import main
from vpn_anomaly.storage import workdir

SMALL = {
    "system": "block_inpainting",
    "data.frames": 2,
    "data.height": 0,
    "data.width": 0,
    "model.unet.hidden_blocks": (3, 6),
    "train.targets": (1,),
    "evaluate.corruptions": ("temporal",),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of a few steps, and the flags that name it."""
    folder = tmp_path_factory.mktemp("blocks")
    config = tiny.tiny_config({**tiny.VIDEO_FIELDS, **SMALL})
    config.data.path = write_video(folder / "normal.mkv", footage(400))
    config.data.video.cache = str(folder / "cache")
    tiny.config_file(folder / "blocks.py", config)
    flags = [f"--config={folder}/blocks.py", f"--workdir={folder}/run"]
    assert main(flags) == 0
    return folder, flags


def test_the_size_of_the_frames_is_measured_and_kept(run, capsys):
    folder, flags = run
    stored = workdir.read_json(folder / "run" / "config.json")
    assert [stored["data"]["height"], stored["data"]["width"]] == [HEIGHT, WIDTH]
    assert main(flags) == 0  # the same run again: the size is that of the run
    assert "is finished" in capsys.readouterr().out


def test_a_run_says_what_its_scores_are_worth(run):
    results = workdir.read_json(run[0] / "run" / "results.json")
    assert {"missing_z", "intruding_z", "detail_excess", "any"} <= set(results["corruptions"]["temporal"])
    assert results["nats_per_frame"] is None


def test_a_thing_that_lies_there_is_an_event_while_it_is_in_view(run, capsys):
    folder, flags = run
    film = footage(60, seed=0)
    film[20:40, 8:12, 10:14] = np.random.default_rng(0).choice([0, 255], (20, 4, 4, 1))
    write_video(folder / "film.mkv", film)
    scores, events, video = (folder / name for name in ("s.csv", "e.jsonl", "v.mp4"))
    assert (
        main(
            [
                *flags,
                "--mode=watch",
                f"--input={folder}/film.mkv",
                f"--scores={scores}",
                f"--events={events}",
                f"--video={video}",
            ]
        )
        == 0
    )
    assert "threshold: p ≤" in capsys.readouterr().out
    rows = list(csv.DictReader(scores.open()))
    assert len(rows) == 60 and all(row["detail_excess"] for row in rows)  # from the first frame on
    assert {"missing_z", "intruding_z", "p_missing", "p_intruding", "p_detail"} <= set(rows[0])
    assert "mean_nll" not in rows[0] and "p_motion" not in rows[0]
    ends = [json.loads(line) for line in events.read_text().splitlines()]
    assert any(event["start_frame"] < 40 and event["end_frame"] >= 20 for event in ends)
    detail = np.array([float(row["detail_excess"]) for row in rows])
    assert detail[20:40].min() > np.append(detail[:20], detail[40:]).max()
    assert video.stat().st_size > 1000


def test_frames_smaller_than_the_hidden_blocks(run, capsys, tmp_path):
    _, flags = run
    other = [flags[0], f"--workdir={tmp_path}/other", "--config.model.unet.hidden_blocks=(3, 22)"]
    assert main(other) == 2
    assert "(3, 22)" in (line := capsys.readouterr().err) and f"{HEIGHT}×{WIDTH}" in line


def test_videos_of_several_sizes(run, capsys, tmp_path):
    write_video(tmp_path / "a.mkv", footage(40))
    write_video(tmp_path / "b.mkv", footage(40)[:, :, :20])
    assert main([run[1][0], f"--workdir={tmp_path}/other", f"--config.data.path={tmp_path}"]) == 2
    assert f"{HEIGHT}×20, {HEIGHT}×{WIDTH}" in capsys.readouterr().err
