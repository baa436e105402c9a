"""Batches for training and clips for evaluation, from any source of sequences.

A source has `shape` (T, H, W, C), `length(split)` (None: endless) and `clips(seed, split,
index_N)`: MovingMNIST and FileSequences.
"""

import functools
import importlib.util
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.corruptions import corrupt
from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.data.moving_mnist import sequence_seed
from vpn_anomaly.data.prefetch import prefetched
from vpn_anomaly.data.random_bits import random_bits
from vpn_anomaly.data.skipped_frames import training_clips
from vpn_anomaly.data.tensorflow.pipeline import corrupted_clips, training_iterator
from vpn_anomaly.errors import UserError


class EvaluationClips(NamedTuple):
    """Evaluation clips, all in memory."""

    clip: np.ndarray  # uint8 (N, T, H, W, C)
    changed: np.ndarray  # bool (N, H, W): pixels of the last frame that the corruption changed
    index: np.ndarray  # int64 (N,)


def training_batches(
    source,
    seed: int,
    batch_size: int,
    first_step: int = 0,
    period: tuple[int, int] = (4, 5),
    shard_index: int = 0,
    shard_count: int = 1,
    backend: str = "auto",
    workers: int = 2,
    skipped: float = 0.0,
) -> Iterator[dict[str, np.ndarray]]:
    """Endless batches from step `first_step` on: clip uint8 (b, T, H, W, C), shift int32 (b, T, 2),
    index int64 (b,), with b = batch_size / shard_count; and skipped, bool (b,), if a share of the sequences
    skips frames (`training_clips`), which numpy makes.

    Batch s depends on s alone: it holds the positions from s·batch_size on in the training order, which
    is the sequences' own order if the train split is endless, else a new permutation of the split
    in each epoch. Shifts depend on the position, so a sequence gets new masks in every epoch. The
    batches depend neither on `backend` (`tensorflow`, `numpy`, or `auto`: tensorflow if installed) nor
    on `workers`, the number of batches made concurrently. UserError for an empty split or shards that
    do not divide the batch.
    """
    if batch_size % shard_count:
        raise UserError(f"train.batch_size={batch_size} over {shard_count} devices: set a multiple")
    length = source.length("train")
    if length == 0:
        raise UserError("no sequence is left to train on: give a file of 10 sequences or more")
    shard = batch_size // shard_count

    def plan(step: int) -> tuple[np.ndarray, np.ndarray]:
        place_B = step * batch_size + shard_index * shard + np.arange(shard)
        shift_BxTx2 = random_shifts(seed, "train", place_B, source.shape[0], period)
        return sequence_at(place_B, seed, length), shift_BxTx2

    if skipped:
        return _numpy_batches(source, seed, plan, first_step, workers, skipped)
    batches, _ = _BACKENDS[_resolved(backend)]
    return batches(source, seed, plan, first_step, workers)


def sequence_at(place_B, seed: int, length: int | None) -> np.ndarray:
    """The index of the sequence at each position of the training order, int64 (B,)."""
    place_B = np.asarray(place_B, np.int64)
    if length is None:
        return place_B
    epoch_B, within_B = np.divmod(place_B, length)
    index_B = np.empty_like(place_B)
    for epoch in np.unique(epoch_B):
        here_B = epoch_B == epoch
        index_B[here_B] = _epoch_order(seed, int(epoch), length)[within_B[here_B]]
    return index_B


def evaluation_clips(
    source,
    split: str,
    count: int,
    corruption: str | None = None,
    backend: str = "numpy",
    workers: int = 2,
    first: int = 0,
    part: slice = slice(None),
) -> EvaluationClips:
    """`count` sequences of an evaluation split from number `first` on, normal, or the next `count`, corrupted.

    Every corruption gets the same sequences. `part`: which of them. `backend`, `workers`: see `training_batches`.
    UserError if the split has too few sequences, and for an unknown corruption.
    """
    if corruption is not None:
        first += count
    check_length(source, split, first + count)
    index_N = np.arange(first, first + count)[part]
    return clips_at(source, split, index_N, corruption, backend, workers)


def clips_at(
    source,
    split: str,
    index_N,
    corruption: str | None = None,
    backend: str = "numpy",
    workers: int = 2,
) -> EvaluationClips:
    """The sequences at these indices of an evaluation split, unmodified or corrupted.

    UserError for an unknown corruption.
    """
    index_N, seed = np.asarray(index_N), sequence_seed(0, split)
    if not len(index_N):
        return EvaluationClips(
            np.zeros((0, *source.shape), np.uint8), np.zeros((0, *source.shape[1:3]), bool), index_N
        )
    if corruption is None:
        clip_NxTxHxWxC = source.clips(seed, split, index_N)
        unchanged_NxHxW = np.zeros((len(index_N), *source.shape[1:3]), bool)
        return EvaluationClips(clip_NxTxHxWxC, unchanged_NxHxW, index_N)
    _, corrupted = _BACKENDS[_resolved(backend)]
    return EvaluationClips(*corrupted(source, seed, split, index_N, corruption, workers), index_N)


def check_length(source, split: str, count: int) -> None:
    """Raises UserError unless a split has at least `count` sequences or is endless."""
    length = source.length(split)
    if length is not None and length < count:
        raise UserError(
            f"the {split} split of the file has {length} sequences, {count} are needed (for a test,"
            " half of them normal, half to corrupt, from evaluate.first_sequence on); ask for fewer"
            " (evaluate.sequences, evaluate.first_sequence, evaluate.calibration_sequences) or give a longer file"
        )


@functools.lru_cache(maxsize=4)
def _epoch_order(seed: int, epoch: int, length: int) -> np.ndarray:
    return np.argsort(random_bits(seed, "train", [epoch], "order", length)[0], kind="stable")


def _numpy_batches(source, seed, plan, first_step, workers, skipped=0.0):
    def batch(step: int) -> dict[str, np.ndarray]:
        index_B, shift_BxTx2 = plan(step)
        return {**training_clips(source, seed, index_B, skipped), "shift": shift_BxTx2, "index": index_B}

    return prefetched(batch, first_step, workers)


def _numpy_corrupted(source, seed, split, index_N, corruption, workers):
    return corrupt(source.clips(seed, split, index_N), corruption, seed, split, index_N)


def _resolved(backend: str) -> str:
    if backend == "auto":
        backend = "tensorflow" if importlib.util.find_spec("tensorflow") else "numpy"
    if backend not in _BACKENDS:
        raise UserError(f"unknown data.backend {backend}; allowed: auto, {', '.join(_BACKENDS)}")
    return backend


_BACKENDS = {
    "tensorflow": (training_iterator, corrupted_clips),
    "numpy": (_numpy_batches, _numpy_corrupted),
}
