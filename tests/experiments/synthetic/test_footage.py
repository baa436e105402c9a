"""Footage with changes: what is changed lies in the boxes, and the rest is as it was."""

import json

import numpy as np
import pytest

from experiments.synthetic import footage
from experiments.synthetic.footage_world.changes import KINDS, changed_footage
from experiments.synthetic.footage_world.objects import background, longest_track
from tests.data.video_files import write_video
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError

HEIGHT, WIDTH, RATE, LENGTH = 60, 90, 5, 10


def street(frames=240, seed=0):
    """A striped block of 7×5 pixels goes back and forth over a still, noisy ground: uint8 (T, H, W)."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(90, 110, (HEIGHT, WIDTH)).astype(np.uint8)
    result = np.repeat(ground[None], frames, axis=0)
    for time, frame in enumerate(result):
        left = 4 + abs((time % 160) - 80)
        frame[30:37, left : left + 5] = 180 + 10 * np.arange(7)[:, None]
    return result


@pytest.fixture(scope="module")
def changed():
    original = street()
    return original, *changed_footage(original, RATE, len(KINDS), seed=3)


def test_a_thing_is_followed_where_it_is():
    frames = street()
    track = longest_track(frames, background(frames), 20, 8)
    for mask, frame in zip(track.masks, frames[20:28], strict=True):
        thing = np.argwhere(frame >= 180)
        assert np.abs(np.argwhere(mask).mean(0) - thing.mean(0)).max() < 1


def test_frames_without_a_change_are_the_footage(changed):
    original, frames, defects = changed
    known = {frame.tobytes() for frame in original}
    during = {number for defect in defects for number in range(defect.first, defect.end)}
    assert all(frames[number].tobytes() in known for number in range(len(frames)) if number not in during)


def test_every_kind_is_there_once_and_lasts_as_long_as_it_says(changed):
    _, frames, defects = changed
    assert [defect.kind for defect in defects] == list(KINDS)
    for defect, after in zip(defects, [*defects[1:], None]):
        assert defect.end - defect.first == len(defect.boxes) == LENGTH
        assert defect.end + LENGTH <= (after.first if after else len(frames))


def test_all_that_is_changed_lies_in_the_box(changed):
    original, frames, defects = changed
    for defect in defects[: KINDS.index("stopped")]:
        for number, (top, left, bottom, right) in zip(range(defect.first, defect.end), defect.boxes):
            outside = np.ones((HEIGHT, WIDTH), bool)
            outside[top:bottom, left:right] = False
            frame = frames[number]
            source = original[np.argmin([(other != frame)[outside].sum() for other in original])]
            differs = frame != source
            assert differs.any() and not (differs & outside).any()


def test_time_stands_still_and_goes_back(changed):
    original, frames, defects = changed
    stopped, back = (next(d for d in defects if d.kind == kind) for kind in ("stopped", "reversed"))
    assert (frames[stopped.first : stopped.end] == frames[stopped.first - 1]).all()
    np.testing.assert_array_equal(
        frames[back.first : back.end], frames[back.first - 1 - LENGTH : back.first - 1][::-1]
    )
    np.testing.assert_array_equal(frames[back.end], frames[back.first - LENGTH])


def test_what_is_too_short_or_still_is_refused():
    with pytest.raises(UserError, match="need 130 frames, there are 60"):
        changed_footage(street(60), RATE, 6, 0)
    still = np.repeat(street(1), 240, axis=0)
    with pytest.raises(UserError, match="nothing can be followed"):
        changed_footage(still, RATE, 6, 0)


def test_the_command_writes_both_halves_and_the_truth(tmp_path, capsys):
    film = write_video(tmp_path / "street.mkv", street(480)[..., None], rate=RATE)
    assert footage.main([f"--input={film}", f"--output={tmp_path}/world"]) == 0
    assert "240 frames" in capsys.readouterr().out
    truth = json.loads((tmp_path / "world" / "truth.json").read_text())
    with open_video(str(tmp_path / "world" / "test.mkv"), VideoSettings()) as video:
        assert len(list(video)) == truth["frames"] and truth["rate"] == RATE
    assert footage.main([f"--input={tmp_path}/none.mkv", f"--output={tmp_path}/world"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_an_object_that_looks_the_same_upside_down_is_refused():
    frames = np.full((240, HEIGHT, WIDTH), 100, np.uint8)
    for time, frame in enumerate(frames):
        left = 4 + abs((time % 160) - 80)
        frame[30:37, left : left + 5] = 200
    with pytest.raises(UserError, match="a turned_object looks the same as before"):
        changed_footage(frames, RATE, KINDS.index("turned_object") + 1, seed=3)


def test_a_foreign_object_that_leaves_the_frame_is_refused():
    with pytest.raises(UserError, match="a foreign_object leaves the frame"):
        changed_footage(street(3000), 60, KINDS.index("foreign_object") + 1, seed=3)
