"""Moving objects in footage of a static camera: detection against the background, and tracking."""

import dataclasses

import numpy as np
from scipy import ndimage

DIFFERENT = 25.0  # grey levels from the background, after a 3×3 mean
AREAS = (0.0008, 0.02)  # smallest and largest area of an object, as a fraction of the frame
GROWTH = 2.0  # largest factor by which the area may grow or shrink from frame to frame
STEP = 3  # approximate motion in pixels per frame


@dataclasses.dataclass(frozen=True)
class Track:
    """One object in consecutive frames.

    Attributes:
        first: number of its first frame.
        masks: its pixels in each frame, bool (H, W).
    """

    first: int
    masks: list[np.ndarray]


def background(frame_TxHxW: np.ndarray) -> np.ndarray:
    """The pixel-wise median of at most 100 evenly spaced frames, uint8 (H, W)."""
    every = -(-len(frame_TxHxW) // 100)
    return np.median(frame_TxHxW[::every], axis=0).astype(np.uint8)


def find_objects(frame_HxW: np.ndarray, background_HxW: np.ndarray) -> list[np.ndarray]:
    """Masks of the connected regions that differ from the background and have the size of an object."""
    difference = np.abs(frame_HxW.astype(np.float32) - background_HxW)
    labels, count = ndimage.label(ndimage.uniform_filter(difference, 3) > DIFFERENT)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    low, high = (share * labels.size for share in AREAS)
    return [labels == label for label in range(1, count + 1) if low <= areas[label] <= high]


def longest_track(frame_TxHxW, background_HxW, first: int, length: int) -> Track | None:
    """The track of the largest object that can be followed for `length` frames from `first` on, or None."""
    found = sorted(find_objects(frame_TxHxW[first], background_HxW), key=np.sum, reverse=True)
    followed = (_followed(frame_TxHxW[first : first + length], background_HxW, mask) for mask in found)
    return next((Track(first, masks) for masks in followed if len(masks) == length), None)


def _followed(frame_TxHxW, background_HxW, mask_HxW) -> list[np.ndarray]:
    """The masks of an object, starting with the given one, for as long as it is found again."""
    masks = [mask_HxW]
    for frame_HxW in frame_TxHxW[1:]:
        near = ndimage.binary_dilation(masks[-1], iterations=STEP)
        candidates = find_objects(frame_HxW, background_HxW)
        best = max(candidates, key=lambda mask: (mask & near).sum(), default=None)
        if best is None or not (best & near).any():
            break
        if not 1 / GROWTH <= best.sum() / masks[-1].sum() <= GROWTH:
            break
        masks.append(best)
    return masks
