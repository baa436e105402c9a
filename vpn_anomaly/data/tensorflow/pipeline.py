"""The tf.data backend of data/pipeline.py: NumPy draws random numbers, TensorFlow renders pixels.

Batches are made in parallel. Their order is deterministic, whatever the number of workers.
"""

import atexit

import numpy as np

from vpn_anomaly.data.corruptions import check_bright, draw_corruptions
from vpn_anomaly.data.prefetch import PREFETCHED
from vpn_anomaly.data.tensorflow.clips import as_graph_node, corrupt_tensors
from vpn_anomaly.data.tensorflow.importing import import_tensorflow

CHUNK = 64  # evaluation sequences per batch


def training_iterator(source, seed: int, plan, first_step: int, workers: int):
    """Batches from step `first_step` on, as dicts of NumPy arrays; plan: step -> (index, shift)."""
    tf = import_tensorflow()
    outputs = [(array.dtype, array.shape) for array in plan(first_step)]

    @tf.autograph.experimental.do_not_convert
    def batch(step):
        index_B, shift_BxTx2 = as_graph_node(plan, outputs, step)
        clip_BxTxHxWxC = source.graph_clips(seed, "train", index_B)
        return {"clip": clip_BxTxHxWxC, "shift": shift_BxTx2, "index": index_B}

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    batches = steps.map(batch, num_parallel_calls=workers, deterministic=True)
    return _before_exit(batches.prefetch(PREFETCHED).as_numpy_iterator())


def _before_exit(iterator):
    """Yields from an endless iterator, and releases it before the interpreter exits.

    The threads that make batches call Python. A call during interpreter shutdown never returns, and
    TensorFlow would wait for it forever.
    """
    kept = [iterator]
    del iterator
    atexit.register(kept.clear)
    try:
        while True:
            yield next(kept[0])
    finally:
        atexit.unregister(kept.clear)
        kept.clear()


def corrupted_clips(source, seed: int, split: str, index_N, corruption: str, workers: int):
    """Corrupted clips uint8 (N, T, H, W, C) and changed pixels bool (N, H, W), NumPy arrays."""
    tf = import_tensorflow()
    temporal_N, spatial_N, pixel_bits_N = draw_corruptions(corruption, seed, split, index_N)

    @tf.autograph.experimental.do_not_convert
    def chunk(index_B, *draws_of_B):
        return corrupt_tensors(source.graph_clips(seed, split, index_B), *draws_of_B)

    rows = tf.data.Dataset.from_tensor_slices((index_N, temporal_N, spatial_N, pixel_bits_N))
    chunks = rows.batch(CHUNK).map(chunk, num_parallel_calls=workers, deterministic=True)
    clips, changed, bright = zip(*chunks.prefetch(1).as_numpy_iterator(), strict=True)
    check_bright(np.concatenate(bright), spatial_N, index_N)
    return np.concatenate(clips), np.concatenate(changed)
