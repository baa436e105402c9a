"""Batches in which half of the sequences go on where those of the batch before ended.

A model that is trained on short sequences alone, each from an empty memory, has never seen what its
memory becomes in a long stream. Here every other row of a batch is a link of a chain: up to LINKS
sequences of one long clip, each of which begins with the last frame of the one before.
"""

from collections.abc import Iterator

import numpy as np

from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.data.prefetch import made_ahead

LINKS = 16


def chain_links(source) -> int:
    """How many links a chain has: LINKS, fewer of videos that have no room for so many."""
    return max(1, min(LINKS, source.most_links("train")))


def chained_batches(
    source,
    seed: int,
    batch_size: int,
    first_step: int = 0,
    period: tuple[int, int] = (4, 5),
    shard_index: int = 0,
    shard_count: int = 1,
    workers: int = 2,
) -> Iterator[dict[str, np.ndarray]]:
    """Endless batches as those of `training_batches`, and `continues`, bool (b,).

    Even rows are sequences of their own. The odd rows of L batches in turn (`chain_links`), from a
    multiple of L on, are the links of one chain each: `continues` is false for the first of them.
    Batch s depends on nothing but s.

    Args:
        source: endless, with `links` and `most_links` (`MovingMNIST`, `VideoClips`).
    """
    shard, links = batch_size // shard_count, chain_links(source)
    row_B = shard_index * shard + np.arange(shard)

    def batch(step: int) -> dict[str, np.ndarray]:
        first, link = step - step % links, step % links
        place_B, in_chain_B = step * batch_size + row_B, row_B % 2 == 1
        index_B = np.where(in_chain_B, first * batch_size + row_B, place_B)
        clip = np.empty((shard, *source.shape), np.uint8)
        clip[~in_chain_B] = source.clips(seed, "train", index_B[~in_chain_B])
        clip[in_chain_B] = source.links(seed, "train", index_B[in_chain_B], link, links)
        shift = random_shifts(seed, "train", place_B, source.shape[0], period)
        continues_B = in_chain_B & (link > 0)
        return {"clip": clip, "shift": shift, "index": place_B, "continues": continues_B}

    return made_ahead(batch, first_step, workers)
