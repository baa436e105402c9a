"""Stateful batches: half of the sequences continue those of the batch before, as does the memory.

This is truncated backpropagation through time: a long sequence is cut into consecutive segments, each
in the batch after that of the one before, and the recurrent state is carried from segment to segment
without gradient. A model that is trained on short sequences alone, each from an empty memory, has
never seen what its memory becomes in a long stream.
"""

from collections.abc import Iterator

import numpy as np

from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.data.prefetch import prefetched
from vpn_anomaly.data.skipped_frames import training_clips

SEGMENTS = 16  # of a long sequence


def segment_count(source) -> int:
    """How many segments a long sequence has: SEGMENTS, fewer of videos that are too short for it."""
    return max(1, min(SEGMENTS, source.most_segments("train")))


def stateful_batches(
    source,
    seed: int,
    batch_size: int,
    first_step: int = 0,
    period: tuple[int, int] = (4, 5),
    shard_index: int = 0,
    shard_count: int = 1,
    workers: int = 2,
    skipped: float = 0.0,
) -> Iterator[dict[str, np.ndarray]]:
    """Endless batches as those of `training_batches`, and `continues`, bool (b,).

    Even rows are sequences of their own. An odd row holds, in L batches in turn (`segment_count`)
    from a multiple of L on, the consecutive segments of one long sequence, each beginning with the
    last frame of the one before: `continues` is false for the first of them. Only even rows skip frames,
    as they leave no memory, and a share of all rows is twice that of theirs. Batch s depends on nothing but s.

    Args:
        source: endless, with `segments` and `most_segments` (`MovingMNIST`, `VideoClips`).
    """
    shard, count = batch_size // shard_count, segment_count(source)
    row_B = shard_index * shard + np.arange(shard)

    def batch(step: int) -> dict[str, np.ndarray]:
        first, segment = step - step % count, step % count
        place_B, in_long_B = step * batch_size + row_B, row_B % 2 == 1
        index_B = np.where(in_long_B, first * batch_size + row_B, place_B)
        own = training_clips(source, seed, index_B[~in_long_B], min(1.0, 2 * skipped))
        made = {name: np.zeros((shard, *part.shape[1:]), part.dtype) for name, part in own.items()}
        for name, part in own.items():
            made[name][~in_long_B] = part
        made["clip"][in_long_B] = source.segments(seed, "train", index_B[in_long_B], segment, count)
        shift = random_shifts(seed, "train", place_B, source.shape[0], period)
        return {**made, "shift": shift, "index": place_B, "continues": in_long_B & (segment > 0)}

    return prefetched(batch, first_step, workers)
