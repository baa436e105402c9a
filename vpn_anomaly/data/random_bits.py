"""Counter-based random numbers: stateless functions of (seed, split, index, stream, number).

The generator is Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", 2011). Keys are folded as by `jax.random.fold_in`, so `random_bits` agrees with
`jax.random.bits`; it is implemented here because the random numbers of libraries change between
versions, and the sequences of this project must not.
"""

import functools
import zlib

import numpy as np

SPLITS = {"train": 0, "validation": 1, "test": 2}

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_WORD = 0xFFFFFFFF


def random_bits(seed: int, split: str, index_N, stream: str | int, count: int) -> np.ndarray:
    """Uniform random words, uint32 (N, count): the first `count` draws of each sequence's stream.

    seed: integer of up to 64 bits. split: a name in SPLITS. index_N: sequence indices, from 0.
    stream: the purpose of the draws; streams with different names (or numbers) are independent.
    """
    index_N = np.asarray(index_N, np.uint64)
    key = _stream_key(int(seed), SPLITS[split], _stream_number(stream))
    index_high_N = (index_N >> np.uint64(32)).astype(np.uint32)
    index_low_N = (index_N & np.uint64(_WORD)).astype(np.uint32)
    key_0_N, key_1_N = threefry2x32(key, index_high_N, index_low_N)
    number_C = np.arange(count, dtype=np.uint32)
    word_0_NxC, word_1_NxC = threefry2x32(
        (key_0_N[:, None], key_1_N[:, None]), np.zeros_like(number_C), number_C
    )
    return word_0_NxC ^ word_1_NxC


def uniform(bits) -> np.ndarray:
    """Random words mapped to float64 in [0, 1)."""
    return bits / 2.0**32


def integers_below(bits, limit) -> np.ndarray:
    """Random words mapped to int64 in 0 .. limit - 1, for limits up to 2³¹ (a number or an array)."""
    return (bits.astype(np.int64) * np.asarray(limit, np.int64)) >> 32


def threefry2x32(key, counter_0, counter_1) -> tuple[np.ndarray, np.ndarray]:
    """Threefry-2x32-20 of two counter words and two key words, uint32 arrays that are broadcast."""
    key_0, key_1 = (np.asarray(word, np.uint32) for word in key)
    schedule = (key_0, key_1, key_0 ^ key_1 ^ np.uint32(_PARITY))
    shape = np.broadcast_shapes(key_0.shape, counter_0.shape)
    x = np.empty(shape, np.uint32)
    y = np.empty(shape, np.uint32)
    with np.errstate(over="ignore"):  # words wrap around by design
        np.add(counter_0, key_0, out=x)
        np.add(counter_1, key_1, out=y)
        for group in range(5):
            for rotation in _ROTATIONS[group % 2]:
                x += y
                y = (y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))
                y ^= x
            x += schedule[(group + 1) % 3]
            y += schedule[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


@functools.lru_cache(maxsize=256)
def _stream_key(seed: int, split: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    key = (np.uint32((seed >> 32) & _WORD), np.uint32(seed & _WORD))
    for number in (split, stream):
        key = threefry2x32(key, np.zeros((), np.uint32), np.asarray(number, np.uint32))
    return key


def _stream_number(stream: str | int) -> int:
    return zlib.crc32(stream.encode()) if isinstance(stream, str) else int(stream) & _WORD
