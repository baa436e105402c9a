"""Prefetching: threads make batches a few steps before they are asked for."""

import collections
import concurrent.futures
import itertools
from collections.abc import Callable, Iterator

import numpy as np

PREFETCHED = 4  # batches that wait for the training step


def prefetched(
    batch: Callable[[int], dict[str, np.ndarray]], first_step: int, workers: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yields batch(first_step), batch(first_step + 1), … without end; `workers` are made at once."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        ahead = collections.deque()
        for step in itertools.count(first_step):
            ahead.append(pool.submit(batch, step))
            if len(ahead) > PREFETCHED:
                yield ahead.popleft().result()
