"""Batches made by threads a few steps before they are asked for."""

import collections
import concurrent.futures
import itertools
from collections.abc import Callable, Iterator

import numpy as np

PREFETCHED = 4  # batches made ahead of the training step


def made_ahead(
    batch: Callable[[int], dict[str, np.ndarray]], first_step: int, workers: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yields batch(first_step), batch(first_step + 1), … without end, `workers` made at once."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        ahead = collections.deque()
        for step in itertools.count(first_step):
            ahead.append(pool.submit(batch, step))
            if len(ahead) > PREFETCHED:
                yield ahead.popleft().result()
