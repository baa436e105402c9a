"""The depth of images is found in the normal footage, stored with the run, and used from there."""

import numpy as np
import pytest
from PIL import Image

from tests import tiny
from tests.data import image_writing as writing
from vpn_anomaly import config as configuration
from vpn_anomaly.data.build import build_video_settings, read_videos
from vpn_anomaly.data.video.open_video import open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir
from vpn_anomaly.training.footage_fields import resolve_depth


def folder_of(folder, greatest, deep=True):
    folder.mkdir(parents=True)
    for number in range(3):
        frame_HxW = np.full((24, 32), greatest // 2, np.uint16)
        frame_HxW[0, 0] = greatest
        if deep:
            (folder / f"{number}.png").write_bytes(writing.png(frame_HxW[..., None]))
        else:
            Image.fromarray(frame_HxW.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def config(tmp_path):
    """Of two cameras of 12 bits, of which one is in the dark, and one of 8 bits."""
    folder_of(tmp_path / "normal/a", 200)
    folder_of(tmp_path / "normal/b", 4000)
    folder_of(tmp_path / "normal/c", 200, deep=False)
    return tiny.tiny_config(
        tiny.VIDEO_FIELDS, data__path=f"{tmp_path}/normal/*", data__video__cache=str(tmp_path / "cache")
    )


def test_the_depth_is_that_of_all_normal_footage(config, tmp_path, capsys):
    resolved = resolve_depth(config, None, trains=True)
    assert resolved.data.video.depth == 12 and config.data.video.depth == 0
    assert capsys.readouterr().out == "images use 12 bits (data.video.depth=12)\n"
    dark, bright, plain = read_videos(resolved.data).values()
    assert (dark[0, 0, 0, 0], bright[0, 0, 0, 0], plain[0, 0, 0, 0]) == (12, 249, 200)


def test_the_run_stores_it_and_what_is_watched_is_seen_by_it(config, tmp_path):
    run = tmp_path / "run"
    workdir.open_run(run, resolve_depth(config, run, trains=True))
    folder_of(tmp_path / "normal/d", 16000)
    for trains in (False, True):
        resolved = resolve_depth(config, run, trains)
        assert resolved.data.video.depth == 12
        workdir.open_trained(run, resolved)
    with open_video(str(tmp_path / "normal/b"), build_video_settings(resolved.data)) as video:
        assert next(video).image[0, 0, 0] == 249
    with open_video(str(tmp_path / "normal/d"), build_video_settings(resolved.data)) as video:
        assert next(video).image[0, 0, 0] == 255 and not list(video)[2:]
    assert "its images use 14 bits, but the normal footage 12" in video.problem


def test_without_deep_images_it_is_8_and_nothing_is_told(config, tmp_path, capsys):
    config.data.path = str(tmp_path / "normal/c")
    assert resolve_depth(config, None, trains=True).data.video.depth == 8
    assert resolve_depth(config, None, trains=False).data.video.depth == 0
    assert capsys.readouterr() == ("", "")


def test_runs_that_were_trained_before_there_was_a_depth_go_on(config, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    stored = configuration.as_dict(config)
    del stored["data"]["video"]["depth"]
    workdir.write_json(run / "config.json", stored)
    resolved = resolve_depth(config, run, trains=True)
    assert resolved.data.video.depth == 0
    workdir.open_trained(run, resolved)


def test_a_depth_of_one_bit_with_a_sign_is_refused(config):
    config.data.video.depth = -1
    with pytest.raises(UserError, match="data.video.depth is -1.*set -2 or less, or 0"):
        configuration.check(config)
