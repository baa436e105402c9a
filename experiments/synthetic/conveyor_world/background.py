"""Everything in a frame but the parts: the belt and its rails, lighting, and sensor noise."""

import math

import numpy as np

from vpn_anomaly.data.random_bits import random_bits, uniform

RAIL = 0.08  # height of either rail, in frame heights
_BELT_LEVEL = 78.0  # grey levels
_BELT_GRAIN = (
    (0.8, 8.0),
    (5.0, 7.0),
)  # (radius in pixels, standard deviation in grey levels) of each noise layer
_BELT_PERIOD = 1024  # the texture repeats after this many pixels plus the frame width
_PHASES = 4  # sub-pixel positions for which the belt is precomputed
_RAIL_LEVEL, _BOLT_LEVEL, _BOLT_SPACING = 118.0, 60.0, 40
_LIGHT_PERIODS = (20.0, 90.0)  # seconds
_LIGHT_LEVEL = 0.04  # amplitude of each of two waves, relative to the mean
_LIGHT_TILT = 0.03  # the same for the gradient from the centre to an edge
_NOISE = 2.0  # standard deviation, grey levels
_FOUR_BYTES = (510.0, math.sqrt(4 * (256**2 - 1) / 12))  # mean and standard deviation of their sum


def rail_rows(height: int) -> int:
    """Height in rows of the rail above the belt, and of the one below."""
    return round(RAIL * height)


class Background:
    """The empty machine: the moving belt and its static rails."""

    def __init__(self, seed: int, height: int, width: int):
        self._width, self._period = width, _BELT_PERIOD + width
        self._belt_PxHxU = _belt(seed, height, self._period, width + 1)
        self._rails_HxW = _rails(height, width)
        self._rail = rail_rows(height)

    def picture(self, offset: float) -> np.ndarray:
        """Grey levels, float32 (H, W), after the belt has moved `offset` pixels to the right."""
        place = (-offset % self._period) * _PHASES
        first, fraction = int(place), np.float32(place % 1)
        before, after = (
            self._belt_PxHxU[step % _PHASES, :, step // _PHASES :][:, : self._width]
            for step in (first, first + 1)
        )
        picture_HxW = self._rails_HxW.copy()
        belt = slice(self._rail, len(picture_HxW) - self._rail)
        picture_HxW[belt] = (before + fraction * (after - before))[belt]
        return picture_HxW


class Light:
    """Illumination per pixel: a level and a linear gradient, each a sum of two slow sine waves."""

    def __init__(self, seed: int, split: str, height: int, width: int, rate: float):
        draw_2x3x2 = uniform(random_bits(seed, split, [0], "light", 12)).reshape(2, 3, 2)
        shortest, longest = _LIGHT_PERIODS
        self._turns_3x2 = 1 / (rate * (shortest + (longest - shortest) * draw_2x3x2[0]))
        self._start_3x2 = draw_2x3x2[1]
        self._down_Hx1 = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        self._right_W = np.linspace(-1, 1, width, dtype=np.float32)

    def gain(self, index: int) -> np.ndarray:
        """The factors by which a frame is multiplied, float32 (H, W)."""
        wave_3 = np.sin(2 * np.pi * (index * self._turns_3x2 + self._start_3x2)).sum(1)
        level, down, right = (wave_3 * (_LIGHT_LEVEL, _LIGHT_TILT, _LIGHT_TILT)).astype(np.float32)
        return (1 + level + down * self._down_Hx1) + right * self._right_W


def noise(seed: int, split: str, index: int, height: int, width: int) -> np.ndarray:
    """Sensor noise of a frame in grey levels, float32 (H, W), approximately Gaussian.

    The noise of a pixel is the shifted and scaled sum of the four bytes of a random word.
    """
    word_HW = random_bits(seed, split, [index], "noise", height * width)[0]
    pair_HW = (word_HW & 0x00FF00FF) + ((word_HW >> 8) & 0x00FF00FF)
    sum_HW = (pair_HW & 0xFFFF) + (pair_HW >> 16)
    mean, deviation = _FOUR_BYTES
    noise_HW = (sum_HW.astype(np.float32) - np.float32(mean)) * np.float32(_NOISE / deviation)
    return noise_HW.reshape(height, width)


def _belt(seed: int, height: int, period: int, more: int) -> np.ndarray:
    """The belt texture at each sub-pixel phase, float32 (phases, H, period + more): smoothed cyclic noise.

    Sub-pixel sampling is exact, by zero padding of the spectrum.
    """
    # Independent of the split: training and test show the same machine.
    bits = random_bits(seed, "train", range(len(_BELT_GRAIN)), "belt", height * period)
    down_Hx1, right_K = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(period)
    spectrum_HxK = np.zeros((height, len(right_K)), np.complex128)
    for grain_HU, (radius, deviation) in zip(uniform(bits) - 0.5, _BELT_GRAIN):
        smooth_HxK = np.fft.rfft2(grain_HU.reshape(height, period))
        smooth_HxK *= np.exp(-2 * (np.pi * radius) ** 2 * (down_Hx1**2 + right_K**2))
        spectrum_HxK += smooth_HxK * (deviation / np.fft.irfft2(smooth_HxK, (height, period)).std())
    fine_HxPU = _PHASES * np.fft.irfft2(spectrum_HxK, (height, _PHASES * period))
    fine_PxHxU = np.moveaxis(fine_HxPU.reshape(height, period, _PHASES), 2, 0)
    cyclic_PxHxU = np.take(fine_PxHxU, np.arange(period + more), axis=2, mode="wrap")
    return (cyclic_PxHxU + _BELT_LEVEL).astype(np.float32)


def _rails(height: int, width: int) -> np.ndarray:
    """The two rails with a row of bolts each, float32 (H, W); zero between them."""
    rail, right_W = rail_rows(height), np.arange(width)
    down_R = np.arange(rail)
    rail_RxW = np.repeat(_RAIL_LEVEL - 40 * (down_R[:, None] / rail - 0.3) ** 2, width, axis=1)
    from_bolt_W = (right_W + _BOLT_SPACING // 2) % _BOLT_SPACING - _BOLT_SPACING // 2
    distance_RxW = np.hypot(from_bolt_W + 8, down_R[:, None] - (rail - 1) / 2) - 0.25 * rail
    bolt_RxW = np.clip(0.5 - distance_RxW, 0, 1)
    rail_RxW += bolt_RxW * (_BOLT_LEVEL - rail_RxW)
    rails_HxW = np.zeros((height, width), np.float32)
    rails_HxW[:rail] = rail_RxW
    rails_HxW[height - rail :] = rail_RxW[::-1]
    return rails_HxW
