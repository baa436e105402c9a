"""Rows without learning of clips in folders, against the rows' functions on all frames at once."""

import numpy as np
import pytest
from PIL import Image

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.evaluation import baseline_rows
from vpn_anomaly.evaluation.baseline_rows import clip_rows
from vpn_anomaly.scoring.footage_baselines import FOOTAGE_BASELINES, FootageBaseline, chosen_baselines

RNG = np.random.default_rng(4)
ROWS = {row.name: row for row in FOOTAGE_BASELINES}


def write_clip(folder, frames, height=24, width=32):
    """Frames, uint8 (T, H, W), and the folder that has them as images."""
    frame_TxHxW = RNG.integers(0, 256, (frames, height, width), dtype=np.uint8)
    folder.mkdir(parents=True)
    for number, frame_HxW in enumerate(frame_TxHxW, 1):
        Image.fromarray(frame_HxW).save(folder / f"{number:03d}.png")
    return frame_TxHxW, str(folder)


def labelled(source, frames):
    return LabelledClip("clip", source, np.zeros(frames, bool), "", None)


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Two normal clips, one of another size, and a test clip: frames and folder each."""
    folder = tmp_path_factory.mktemp("footage")
    return [
        write_clip(folder / "normal", 6),
        write_clip(folder / "other", 4, 20, 40),
        write_clip(folder / "test", 7),
    ]


def test_every_row_sees_its_frame_and_the_one_before(footage):
    (normal, first), (_, second), (test, source) = footage
    # What the model sees does not matter: small frames in colours.
    settings = VideoSettings(height=8, width=8, channels=3, frame_rate=10)
    (found,) = clip_rows([labelled(source, 7)], settings, [first, second], FOOTAGE_BASELINES)
    pairs = np.stack([normal[:-1], normal[1:]], 1)
    assert found.rate == 10 and list(found.scores) == list(ROWS)
    for name, row in ROWS.items():
        fitted = row.fit(pairs) if row.fit else None
        expected = [row.function(test[t], test[t - row.before], fitted) for t in range(row.before, 7)]
        np.testing.assert_array_equal(found.scores[name], [np.nan] * row.before + expected)


def test_frames_of_a_size_without_normal_ones_have_no_scores_of_fitted_rows(footage):
    (found,) = clip_rows([labelled(footage[2][1], 7)], VideoSettings(), [footage[1][1]], FOOTAGE_BASELINES)
    for name, score_T in found.scores.items():
        assert np.isnan(score_T).all() == (ROWS[name].fit is not None)


def test_cheap_rows_read_no_normal_footage(footage):
    (found,) = clip_rows(
        [labelled(footage[2][1], 7)], VideoSettings(), ["nowhere"], chosen_baselines("cheap")
    )
    assert list(found.scores) == ["largest_windowed_difference"]
    (unreadable,) = clip_rows([labelled(footage[2][1], 7)], VideoSettings(), ["nowhere"], FOOTAGE_BASELINES)
    assert np.isnan(unreadable.scores["foreground"]).all()


def test_larger_frames_are_reduced_and_frames_that_cannot_be_read_are_passed_over(tmp_path):
    frames, source = write_clip(tmp_path / "large", 4, 480, 600)
    (tmp_path / "large/003.png").write_bytes(b"no image")
    seen = []
    row = FootageBaseline(
        "row", lambda frame, before, _: seen.append((frame, before)) or 1.0, "", "", before=1
    )
    (found,) = clip_rows([labelled(source, 4)], VideoSettings(), [], [row])
    np.testing.assert_array_equal(found.scores["row"], [np.nan, 1, np.nan, 1])
    assert {image.shape for pair in seen for image in pair} == {(240, 300)}
    half = frames[[1, 3]].reshape(2, 240, 2, 300, 2).mean((2, 4))
    for image, expected in zip(reversed(seen[1]), half):
        assert np.abs(image - expected).max() < 2


def test_frames_beyond_the_labels_have_no_scores(footage):
    (found,) = clip_rows([labelled(footage[2][1], 5)], VideoSettings(), [], chosen_baselines("cheap"))
    assert len(found.scores["largest_windowed_difference"]) == 5


@pytest.mark.parametrize("frames, kept", [((5, 6), 9), ((8, 4), 10), ((9, 13), 10), ((22, 20), 10)])
def test_of_long_footage_evenly_spread_pairs_are_kept(tmp_path, monkeypatch, frames, kept):
    monkeypatch.setattr(baseline_rows, "MOST_PAIRS", 10)
    clips = [write_clip(tmp_path / str(number), count, 4, 5) for number, count in enumerate(frames)]
    taken = []
    row = FootageBaseline("row", lambda *_: 0.0, "", "", before=0, fit=lambda pairs: taken.append(pairs))
    clip_rows([labelled(clips[0][1], 1)], VideoSettings(), [source for _, source in clips], [row])
    every = np.concatenate([np.stack([clip[:-1], clip[1:]], 1) for clip, _ in clips])
    steps = {step: every[::step] for step in (1, 2, 4, 8)}
    (step,) = [step for step, pairs in steps.items() if np.array_equal(pairs, taken[0])]
    assert len(taken[0]) == kept
