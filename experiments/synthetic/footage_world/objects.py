"""Things that move in footage of a camera that stands still: found against the background, followed."""

import dataclasses

import numpy as np
from scipy import ndimage

DIFFERENT = 25.0  # grey levels from the background, after a 3×3 mean
AREAS = (0.0008, 0.02)  # parts of the frame that a thing covers, least and most
GROWTH = 2.0  # from frame to frame a thing gets no larger and no smaller than by this factor
STEP = 3  # pixels that it moves a frame, about


@dataclasses.dataclass(frozen=True)
class Track:
    """One thing in consecutive frames.

    Attributes:
        first: number of its first frame.
        masks: where it is, bool (H, W) a frame.
    """

    first: int
    masks: list[np.ndarray]


def background(frame_TxHxW: np.ndarray) -> np.ndarray:
    """The median of at most 100 frames, uint8 (H, W)."""
    every = -(-len(frame_TxHxW) // 100)
    return np.median(frame_TxHxW[::every], axis=0).astype(np.uint8)


def things(frame_HxW: np.ndarray, background_HxW: np.ndarray) -> list[np.ndarray]:
    """The connected regions that differ from the background and have the size of a thing, masks."""
    difference = np.abs(frame_HxW.astype(np.float32) - background_HxW)
    labels, count = ndimage.label(ndimage.uniform_filter(difference, 3) > DIFFERENT)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    low, high = (share * labels.size for share in AREAS)
    return [labels == label for label in range(1, count + 1) if low <= areas[label] <= high]


def longest_track(frame_TxHxW, background_HxW, first: int, length: int) -> Track | None:
    """The largest thing that can be followed for `length` frames from `first` on; None: none can."""
    found = sorted(things(frame_TxHxW[first], background_HxW), key=np.sum, reverse=True)
    followed = (_followed(frame_TxHxW[first : first + length], background_HxW, mask) for mask in found)
    return next((Track(first, masks) for masks in followed if len(masks) == length), None)


def _followed(frame_TxHxW, background_HxW, mask_HxW) -> list[np.ndarray]:
    """The masks of a thing as far as it is found again, the given one first."""
    masks = [mask_HxW]
    for frame_HxW in frame_TxHxW[1:]:
        near = ndimage.binary_dilation(masks[-1], iterations=STEP)
        candidates = things(frame_HxW, background_HxW)
        best = max(candidates, key=lambda mask: (mask & near).sum(), default=None)
        if best is None or not (best & near).any():
            break
        if not 1 / GROWTH <= best.sum() / masks[-1].sum() <= GROWTH:
            break
        masks.append(best)
    return masks
