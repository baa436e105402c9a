"""The guard on scenes that are painted here: other light on the same things, and other things."""

import numpy as np
import pytest

from vpn_anomaly.watching.light import LightGuard, _cell_means, _line


def scene(seed=0, height=120, width=160):
    """A textured scene, grey levels 40 … 180, float (H, W): smooth shapes, large and small."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / height
    waves = sum(
        np.sin(2 * np.pi * (f * np.cos(a) * x + f * np.sin(a) * y) + phase) / np.sqrt(f)
        for f, a, phase in zip(
            rng.uniform(0.5, 12, 20), rng.uniform(0, np.pi, 20), rng.uniform(0, 6, 20), strict=True
        )
    )
    return 40 + 140 * (waves - waves.min()) / np.ptp(waves)


def light_changed(before_HxW, after_HxW):
    """Whether the guard reports the second of two frames."""
    guard = LightGuard()
    assert not guard.update(before_HxW)
    return guard.update(after_HxW)


def grey(frame_HxW, noise=0.0, seed=1):
    """As a camera gives it: noise, rounding, 0 … 255."""
    noisy = frame_HxW + noise * np.random.default_rng(seed).normal(size=frame_HxW.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def with_object(frame_HxW, share, seed=9):
    """A textured thing over this share of the frame."""
    height, width = frame_HxW.shape
    rows = int(height * share**0.5)
    columns = int(width * share**0.5)
    changed = frame_HxW.copy()
    changed[:rows, :columns] = 255 - scene(seed, height, width)[:rows, :columns]
    return changed


@pytest.mark.parametrize("size", [(120, 160), (64, 64), (65, 47), (360, 480), (28, 28)])
@pytest.mark.parametrize(
    "light",
    [
        lambda x: 1.3 * x,
        lambda x: 0.7 * x,
        lambda x: 0.3 * x,
        lambda x: x + 25,
        lambda x: x - 25,
        lambda x: 0.8 * x + 45,
        lambda x: 255 * (x / 255) ** 0.8,
    ],
)
def test_other_light_on_the_same_scene_is_seen(light, size):
    frame = scene(height=size[0], width=size[1])
    assert light_changed(grey(frame), grey(light(frame)))


@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_noise_and_small_moving_things_do_not_hide_it(gain):
    before, after = (with_object(scene(), 0.04, seed) for seed in (5, 6))
    assert light_changed(grey(before, 4, 1), grey(gain * after, 4, 2))


def test_gain_that_drives_a_part_into_white_is_seen():
    frame = scene() + 40
    assert (1.65 * frame > 255).mean() > 0.4
    assert light_changed(grey(frame), grey(1.65 * frame))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0])
def test_a_thing_that_enters_is_not_light(share):
    assert not light_changed(grey(scene(), 2, 1), grey(with_object(scene(), share), 2, 2))


@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize("level", [0, 128, 250])
def test_a_thing_without_texture_is_not_light(share, level):
    after = scene()
    after[:, : int(share * after.shape[1])] = level
    assert not light_changed(grey(scene()), grey(after))


def test_light_and_a_thing_that_enters_is_not_light_alone():
    assert not light_changed(grey(scene()), grey(with_object(1.3 * scene(), 0.25)))


def test_another_texture_is_not_light():
    # Every block has about one level, so that only the texture tells these two apart.
    rng = np.random.default_rng(0)
    grass, gravel = (np.kron(rng.normal(size=(80, 80)), np.ones((2, 2))) for _ in range(2))
    assert light_changed(grey(100 + 10 * grass), grey(130 + 12 * grass))
    assert not light_changed(grey(100 + 10 * grass), grey(130 + 12 * gravel))


def test_light_on_a_part_is_not_light_over_the_frame():
    after = scene()
    after[:, :80] *= 1.4
    assert not light_changed(grey(scene()), grey(after))


@pytest.mark.parametrize(
    "cover",
    [
        lambda frame: np.zeros_like(frame),
        lambda frame: np.full_like(frame, 20.0),
        lambda frame: np.full_like(frame, 140.0),
        lambda frame: np.full_like(frame, 255.0),
    ],
)
@pytest.mark.parametrize("noise", [0, 3])
def test_a_covered_lens_is_not_light(cover, noise):
    assert not light_changed(grey(scene(), noise, 1), grey(cover(scene()), noise, 2))


def test_a_covered_lens_before_a_scene_of_flat_parts_is_not_light():
    flat_parts = np.repeat(np.repeat(np.linspace(40, 200, 64).reshape(8, 8), 15, 0), 20, 1)
    assert not light_changed(grey(flat_parts), grey(0 * flat_parts + 20))
    assert light_changed(grey(flat_parts, 3, 1), grey(0.7 * flat_parts, 3, 2))


@pytest.mark.parametrize("shift", [1, 4, 30])
def test_a_moving_camera_is_not_light(shift):
    assert not light_changed(grey(scene()), grey(np.roll(scene(), shift, axis=1)))


def test_another_scene_is_not_light():
    for seed in range(20, 25):
        assert not light_changed(grey(scene()), grey(scene(seed))), seed


def test_a_scene_that_is_mostly_black_is_never_light():
    frame = np.zeros((64, 64))
    frame[10:38, 20:48] = 150
    assert not light_changed(grey(frame), grey(1.5 * frame))


def test_a_slow_drift_is_not_light_though_it_goes_far():
    guard = LightGuard()
    flags = [guard.update(grey(scene() * 1.01**n, 2, n)) for n in range(30)]
    assert not any(flags)
    assert light_changed(grey(scene()), grey(scene() * 1.01**29))


def test_the_guard_reports_the_frame_in_which_the_light_changed():
    guard, gains = LightGuard(), [1, 1, 1, 1.3, 1.3, 1.3, 1.15, 1, 1]
    flags = [guard.update(grey(gain * scene(), 2, n)) for n, gain in enumerate(gains)]
    assert flags == [n in (3, 6, 7) for n in range(9)]


@pytest.mark.parametrize("size", [(64, 96), (65, 47), (33, 200)])
def test_cells_are_means_of_their_pixels(size):
    frame = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    cells = _cell_means(frame)
    assert cells.shape == (64, 16)
    for row in range(32):
        for column in range(32):
            top, bottom = row * size[0] // 32, (row + 1) * size[0] // 32
            left, right = column * size[1] // 32, (column + 1) * size[1] // 32
            values = [int(frame[y, x]) for y in range(top, bottom) for x in range(left, right)]
            block, cell = row // 4 * 8 + column // 4, row % 4 * 4 + column % 4
            assert cells[block, cell] == pytest.approx(sum(values) / len(values))


def test_the_line_ignores_a_fifth_of_outliers():
    rng = np.random.default_rng(0)
    x = rng.uniform(30, 200, 50)
    y = 0.8 * x + 30 + rng.normal(size=50) / 10
    y[:10] = rng.uniform(230, 255, 10)
    gain, offset = _line(x, y)
    assert gain == pytest.approx(0.8, abs=0.02) and offset == pytest.approx(30, abs=2)
    assert _line(np.full(5, 80.0), np.full(5, 95.0)) == (1.0, 15.0)
