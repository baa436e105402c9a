"""The frames that stand out, against sorting the best frame of every clip."""

import jax.numpy as jnp
import numpy as np
import pytest

from vpn_anomaly.data.video.open_video import Frame
from vpn_anomaly.evaluation.extreme_frames import ExtremeFrames
from vpn_anomaly.systems.system import Maps

COUNT, CLIPS, FRAMES, SIDE = 3, 7, 9, 4
MAP = jnp.zeros((SIDE, SIDE))
MAPS = Maps({"nll": MAP, "missing": MAP}, {}, {}, jnp.ones((SIDE, SIDE), bool), MAP)


@pytest.fixture(scope="module", params=[(seed, parts) for seed in range(4) for parts in (1, 2)])
def seen(request):
    """(clip, frame, label, score) of every frame, with scores that are often equal, and what was kept.

    Of two parts of the clips, what is kept of the second is taken in by the first.
    """
    seed, parts = request.param
    rng = np.random.default_rng(seed)
    frames = [
        (f"clip {clip}", frame, bool(rng.integers(2)), float(rng.integers(12)))
        for clip in range(CLIPS)
        for frame in range(FRAMES)
    ]
    of_parts = [ExtremeFrames(COUNT) for _ in range(parts)]
    for place, (clip, frame, label, score) in enumerate(frames):
        image, part = np.full((SIDE, SIDE, 1), frame, np.uint8), place // FRAMES * parts // CLIPS
        of_parts[part].see(clip, Frame(frame, 0.0, image), label, score, "", MAPS, None)
    for other in of_parts[1:]:
        of_parts[0].take_in(other)
    return frames, of_parts[0]


@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("which, sign", [("highest", -1), ("lowest", 1)])
def test_they_are_the_best_of_every_clip_in_order(seen, label, which, sign):
    frames, extremes = seen
    of_clip = {}
    for clip, frame, its_label, score in frames:
        if its_label == label:
            of_clip.setdefault(clip, []).append((sign * score, frame, clip))
    best = sorted((min(of_one)[0], place, min(of_one)) for place, of_one in enumerate(of_clip.values()))
    expected = [(clip, frame, sign * score) for *_, (score, frame, clip) in best[:COUNT]]
    assert [(one.clip, one.frame, one.score) for one in extremes.of[label, which]] == expected


def test_each_has_its_own_frame(seen):
    _, extremes = seen
    for found in extremes.of.values():
        for one in found:
            assert (one.view.frame_HxWxC == one.frame).all() and one.box is None


def test_the_box_encloses_the_mask():
    mask_HxW = np.zeros((SIDE, SIDE), bool)
    mask_HxW[1, 2] = mask_HxW[3, 1] = True
    extremes = ExtremeFrames(COUNT)
    frame = Frame(0, 0.0, np.zeros((SIDE, SIDE, 1), np.uint8))
    extremes.see("clip", frame, True, 1.0, "", MAPS, mask_HxW)
    assert extremes.of[True, "highest"][0].box == (1, 1, 4, 3)
