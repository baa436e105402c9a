"""Training sequences that skip frames: in them everything moves faster than it normally does.

A system is trained to be surprised by them: Astrid, Zaheer and Lee, "Synthetic Temporal Anomaly Guided
End-to-End Video Anomaly Detection" (arXiv 2110.09768).
"""

import numpy as np

from vpn_anomaly.data.random_bits import integers_below, random_bits, uniform
from vpn_anomaly.errors import UserError

STRIDES = (2, 3, 4, 5)  # frames from one frame of such a sequence to the next


def strides(seed: int, index_N, share: float) -> np.ndarray:
    """The stride of each training sequence, int64 (N,): 1, or for a share of them one of STRIDES."""
    bits_Nx2 = random_bits(seed, "train", index_N, "skipped", 2)
    stride_N = np.array(STRIDES)[integers_below(bits_Nx2[:, 1], len(STRIDES))]
    return np.where(uniform(bits_Nx2[:, 0]) < share, stride_N, 1)


def training_clips(source, seed: int, index_N, share: float) -> dict[str, np.ndarray]:
    """The training sequences at these indices: `clip`, uint8 (N, T, H, W, C).

    With a share, some of them skip frames, as `skipped` says, bool (N,); the source is then `VideoClips`.
    """
    if not share:
        return {"clip": source.clips(seed, "train", index_N)}
    index_N = np.asarray(index_N)
    stride_N = strides(seed, index_N, share)
    clip = np.empty((len(index_N), *source.shape), np.uint8)
    for stride in np.unique(stride_N):
        here = stride_N == stride
        clip[here] = source.clips(seed, "train", index_N[here], int(stride))
    return {"clip": clip, "skipped": stride_N > 1}


def check_skipping(source, seed: int) -> None:
    """UserError if no video is long enough for the sequences that skip the most frames."""
    try:
        source.clips(seed, "train", np.zeros(1, int), max(STRIDES))
    except UserError as error:
        raise UserError(f"train.skipped: {error}; or set train.skipped=0") from error
