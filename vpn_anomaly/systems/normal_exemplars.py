"""Chooses exemplars of normal footage, and says how far from them other normal footage lies.

Exemplars of every clip: half are spread (each is the farthest from those before: rare but normal things are
among them), half are random. How far normal cells are is measured clip by clip, by the exemplars of the other
clips.
"""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from vpn_anomaly.ops.exemplar_distance import nearest_distance
from vpn_anomaly.systems.normal_cells import WEIGHTS

NONE = -1  # the clip of an exemplar that is not used
BACKGROUND_FRAMES = 400  # of all clips
FRAMES = 2000  # of all clips, whose cells are looked at
CELLS = 4000  # of a clip and group, that exemplars are chosen from, and whose distances are measured
LEAST_NOISE, GREATEST_NOISE = 4.0, 16.0  # grey levels
NOISES = 4.0  # median distances from the background
# Distances are stored at these parts of the normal cells that are as far; beyond, the tail is exponential.
QUANTILES = tuple(np.geomspace(1, 1e-3, 40))
GREATEST = 1000.0  # nats; without any exemplar every distance is out of scale
TAIL = 0.01  # the part of the farthest cells that the tail is fitted to


def nats(distance, quantile, tail):
    """−log of the part of normal cells that are at least as far; `quantile` ascends as QUANTILES fall."""
    inside = jnp.interp(distance, quantile, -jnp.log(jnp.array(QUANTILES)))
    return jnp.minimum(inside + jnp.maximum(distance - quantile[-1], 0) / tail, GREATEST)


def fit(system, clips: Sequence[np.ndarray], progress: Callable[[int], object]) -> dict:
    """The parameters of a NormalitySystem, numpy; see `NormalitySystem.fit`."""
    rng = np.random.default_rng(system.seed)
    pool = jax.jit(system.pooled)
    background_hxw, noise = _background(pool, clips)
    groups = jax.jit(system.groups)
    cells: dict[str, list[np.ndarray]] = {name: [] for name in WEIGHTS}
    for frames in clips:
        of_clip = _cells(system, pool, groups, frames, background_hxw, noise, FRAMES // len(clips), rng)
        for name, value_NxF in of_clip.items():
            cells[name].append(value_NxF)
        progress(1)
    fitted = {}
    for name, weight in WEIGHTS.items():
        fitted[name] = _fit_group(cells[name], np.array(weight), system.exemplars)
        progress(1)
    return {"background": background_hxw, "noise": np.float32(noise), "groups": fitted}


def _background(pool, clips) -> tuple[np.ndarray, float]:
    """The median of the normal frames, and the noise around it."""
    each = max(2, BACKGROUND_FRAMES // len(clips))
    chosen = [frames[np.unique(np.linspace(0, len(frames) - 1, each).astype(int))] for frames in clips]
    pooled_Nxhxw = np.concatenate([np.asarray(pool(frames)) for frames in chosen])
    background_hxw = np.median(pooled_Nxhxw, axis=0).astype(np.float32)
    typical = np.median(np.abs(pooled_Nxhxw - background_hxw))
    return background_hxw, float(np.clip(NOISES * typical, LEAST_NOISE, GREATEST_NOISE))


def _cells(system, pool, groups, frames, background_hxw, noise, count, rng) -> dict[str, np.ndarray]:
    """The cells of frames spread over a clip that have the numbers of each group, (N, F)."""
    values: dict[str, list[np.ndarray]] = {name: [] for name in WEIGHTS}
    last = len(frames) - 1
    for frame in np.unique(np.linspace(min(system.gap, last), last, max(2, count)).astype(int)):
        places = [frame, max(frame - 1, 0), max(frame - system.gap, 0)]
        now, before, earlier = np.asarray(pool(frames[places]))[:, None]
        for name, group in jax.device_get(groups(now, before, earlier, background_hxw, noise)).items():
            values[name].append(group.value[group.there])
    found = {name: np.concatenate(parts) for name, parts in values.items()}
    return {name: value[rng.permutation(len(value))[:CELLS]] for name, value in found.items()}


def _fit_group(clips: list[np.ndarray], weight_F, exemplars: int) -> Mapping[str, np.ndarray]:
    together = np.concatenate(clips) if any(map(len, clips)) else np.zeros((1, len(weight_F)), np.float32)
    mean, scale = together.mean(0), (together.std(0) + 1e-3) / weight_F
    standard = [((value_NxF - mean) / scale).astype(np.float32) for value_NxF in clips]
    each = exemplars // len(clips)
    # One number alone is covered by random cells; spread ones would be its mismatches.
    spread = each // 2 if len(weight_F) > 1 else 0
    chosen = [_chosen(value_NxF, each, spread) for value_NxF in standard]
    exemplar_MxF = np.zeros((exemplars, len(weight_F)), np.float32)
    clip_M = np.full(exemplars, NONE, np.int32)
    filled = np.concatenate(chosen)
    exemplar_MxF[: len(filled)] = filled
    clip_M[: len(filled)] = np.repeat(np.arange(len(clips)), [len(value) for value in chosen])
    distances = [np.zeros(1, np.float32)]
    for number, value_NxF in enumerate(standard):
        used_M = (clip_M != number) & (clip_M != NONE)
        if len(value_NxF) and used_M.any():
            padded = np.zeros((CELLS, len(weight_F)), np.float32)  # one shape, one compilation
            padded[: len(value_NxF)] = value_NxF
            distances.append(np.asarray(_nearest(padded, exemplar_MxF, used_M))[: len(value_NxF)])
    quantile, tail = _distribution(np.concatenate(distances))
    return {
        "mean": mean.astype(np.float32),
        "scale": scale.astype(np.float32),
        "exemplar": exemplar_MxF,
        "clip": clip_M,
        "quantile": quantile,
        "tail": tail,
    }


_nearest = jax.jit(nearest_distance)


def _chosen(value_NxF: np.ndarray, count: int, spread_count: int) -> np.ndarray:
    """`count` of the values at most: so many spread, the others as they come."""
    if len(value_NxF) <= count:
        return value_NxF
    spread = _spread(value_NxF, spread_count)
    others = np.setdiff1d(np.arange(len(value_NxF)), spread)[: count - len(spread)]
    return value_NxF[np.concatenate([spread, others])]


def _spread(value_NxF: np.ndarray, count: int) -> np.ndarray:
    """Indices of values, each the farthest from those before."""
    indices, distance_N = [], np.full(len(value_NxF), np.inf)
    index = 0
    for _ in range(count):
        indices.append(index)
        distance_N = np.minimum(distance_N, ((value_NxF - value_NxF[index]) ** 2).sum(1))
        index = int(distance_N.argmax())
    return np.unique(np.array(indices, int))


def _distribution(distance_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distances at QUANTILES, and the scale of the exponential tail beyond."""
    quantile = np.quantile(distance_N, 1 - np.array(QUANTILES)).astype(np.float32)
    start = np.quantile(distance_N, 1 - TAIL)
    beyond = distance_N[distance_N > start] - start
    tail = np.float32(max(beyond.mean() if len(beyond) else 0.0, 1e-3))
    return np.maximum.accumulate(quantile) + 1e-6 * np.arange(len(quantile), dtype=np.float32), tail
