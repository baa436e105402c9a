"""Synthetic anomalies in footage: changes of moving objects, and of the direction of time."""

import dataclasses

import numpy as np
from scipy import ndimage

from experiments.synthetic.footage_world.objects import Track, background, longest_track
from vpn_anomaly.data.random_bits import random_bits, uniform
from vpn_anomaly.errors import UserError

OBJECT_KINDS = ("missing_object", "turned_object", "scratch")
TIME_KINDS = ("stopped", "reversed")
KINDS = (*OBJECT_KINDS, "foreign_object", *TIME_KINDS)
SECONDS = 2.0  # duration of a change
MARGIN = 2  # pixels around an object that belong to it
SCRATCH = 70  # grey levels
FOREIGN_RADIUS = 0.06  # frame heights
FOREIGN_SPEED = 0.012  # frame widths per frame


@dataclasses.dataclass(frozen=True)
class Defect:
    """A change that is visible in the frames first … end − 1.

    Attributes:
        boxes: for each of these frames, the bounding box [top, left, bottom, right] of changed pixels.
    """

    kind: str
    first: int
    end: int
    boxes: list[list[int]]


def changed_footage(frame_TxHxW: np.ndarray, rate: float, count: int, seed: int):
    """Inserts `count` evenly spaced changes, of alternating kinds.

    After a freeze or a reversal the footage continues from there, so the result is longer.

    Returns:
        the changed footage, uint8 (T', H, W), and a list of Defect.

    Raises:
        UserError: the footage is too short, contains no moving object that could be changed, or only one
            that a change leaves as it is.
    """
    length = round(SECONDS * rate)
    gap = (len(frame_TxHxW) - count * length) // (count + 1)
    if gap < length:
        raise UserError(
            f"{count} changes need {count * 2 * length + length} frames, there are"
            f" {len(frame_TxHxW)}; make fewer changes, or give a longer video"
        )
    background_HxW = background(frame_TxHxW)
    shown, defects, source = [], [], 0
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        shown += list(frame_TxHxW[source : source + gap])
        source += gap
        if kind in TIME_KINDS:
            changed, source = _changed_time(kind, frame_TxHxW, source, length)
            boxes = [[0, 0, *frame_TxHxW.shape[1:]]] * length
        else:
            track = None
            if kind in OBJECT_KINDS:
                track = _track(frame_TxHxW, background_HxW, source, gap, length)
                shown += list(frame_TxHxW[source : track.first])
                source = track.first
            normal = frame_TxHxW[source : source + length]
            changed = _changed_frames(kind, normal, background_HxW, track, seed, number)
            boxes = _boxes(kind, changed, normal)
            source += length
        defects.append(Defect(kind, len(shown), len(shown) + length, boxes))
        shown += list(changed)
    return np.stack([*shown, *frame_TxHxW[source:]]), defects


def _changed_frames(kind, frames, background_HxW, track: Track | None, seed, number) -> list[np.ndarray]:
    """The frames with a foreign object, or with the tracked object changed."""
    if track is None:
        return _foreign_object(frames, seed, number)
    return [
        _changed_object(kind, frame, background_HxW, mask)
        for frame, mask in zip(frames, track.masks, strict=True)
    ]


def _track(frame_TxHxW, background_HxW, first, room, length) -> Track:
    """An object that can be followed for `length` frames, starting within the next `room` // 2 frames."""
    for start in range(first, min(first + room // 2, len(frame_TxHxW) - length)):
        track = longest_track(frame_TxHxW, background_HxW, start, length)
        if track is not None:
            return track
    raise UserError(
        f"nothing can be followed for {length} frames after frame {first} of the second"
        " half; give footage of a camera that stands still, in which things move"
    )


def _changed_time(kind, frame_TxHxW, source, length):
    """The frames while the video freezes or runs backwards, and the number of the frame that follows."""
    if kind == "stopped":
        return [frame_TxHxW[source - 1]] * length, source
    back = range(source - 2, source - 2 - length, -1)
    return [frame_TxHxW[number] for number in back], source - length


def _changed_object(kind, frame_HxW, background_HxW, mask_HxW):
    """The frame with its object removed, upside down, or scratched."""
    changed_HxW = frame_HxW.copy()
    if kind == "scratch":
        top, left, bottom, right = _box(mask_HxW)
        rows, columns = np.indices(mask_HxW.shape)
        row, column = ndimage.center_of_mass(mask_HxW)
        slope = (right - left) / (bottom - top)
        line = np.abs(columns - column - slope * (rows - row)) <= max(1.0, slope)
        bright = frame_HxW[mask_HxW].mean() < 128
        marked = np.clip(frame_HxW + (SCRATCH if bright else -SCRATCH) * np.int16(1), 0, 255)
        changed_HxW[line & mask_HxW] = marked[line & mask_HxW]
        return changed_HxW
    wide_HxW = ndimage.binary_dilation(mask_HxW, iterations=MARGIN)
    changed_HxW[wide_HxW] = background_HxW[wide_HxW]
    if kind == "turned_object":
        top, left, bottom, right = _box(wide_HxW)
        window = (slice(top, bottom), slice(left, right))
        turned, turned_mask = frame_HxW[window][::-1, ::-1], wide_HxW[window][::-1, ::-1]
        changed_HxW[window][turned_mask] = turned[turned_mask]
    return changed_HxW


def _foreign_object(frames, seed, number):
    """The frames with a chequered disc that crosses on a straight line."""
    height, width = frames[0].shape
    row, column, angle = uniform(random_bits(seed, "test", [number], "foreign object", 3)[0])
    radius, speed = FOREIGN_RADIUS * height, FOREIGN_SPEED * width
    rows, columns = np.indices((height, width))
    changed = []
    for time, frame_HxW in enumerate(frames):
        y = (0.3 + 0.4 * row) * height + np.sin(2 * np.pi * angle) * speed * (time - len(frames) / 2)
        x = (0.3 + 0.4 * column) * width + np.cos(2 * np.pi * angle) * speed * (time - len(frames) / 2)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        chequer = (np.floor((rows - y) / radius * 2) + np.floor((columns - x) / radius * 2)) % 2
        changed.append(np.where(inside, 60 + 140 * chequer, frame_HxW).astype(np.uint8))
    return changed


def _boxes(kind: str, changed, normal) -> list[list[int]]:
    """The bounding box of the changed pixels of each frame. UserError if a frame has none."""
    different = [a != b for a, b in zip(changed, normal, strict=True)]
    if not all(changed_HxW.any() for changed_HxW in different):
        if kind == "foreign_object":
            raise UserError("a foreign_object leaves the frame; use another --seed or a lower frame rate")
        raise UserError(
            f"a {kind} looks the same as before; make fewer changes, or give footage of other moving objects"
        )
    return [_box(changed_HxW) for changed_HxW in different]


def _box(changed_HxW) -> list[int]:
    """The bounding box [top, left, bottom, right] of the true pixels."""
    rows, columns = (np.flatnonzero(changed_HxW.any(axis)) for axis in (1, 0))
    return [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1]
