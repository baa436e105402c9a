"""Ground truth of a conveyor video: truth.json, and a mask of anomalous pixels per frame."""

import dataclasses

import numpy as np

from experiments.synthetic.conveyor_world.schedule import BELT_KINDS
from experiments.synthetic.conveyor_world.world import Conveyor


def truth(conveyor: Conveyor, arguments: dict[str, object]) -> dict[str, object]:
    """Content of truth.json: the arguments, the number of frames, and the defects in temporal order."""
    return {
        **arguments,
        "frames": conveyor.frames,
        "defects": [dataclasses.asdict(defect) for defect in conveyor.defects],
    }


def mask(conveyor: Conveyor, index: int) -> np.ndarray:
    """Pixels of a frame that show a defect, bool (H, W).

    If the belt moves wrongly, these are all pixels of the belt, even those whose grey level is unchanged.
    """
    mask_HxW = np.zeros((conveyor.height, conveyor.width), bool)
    for defect in conveyor.defects:
        if defect.first <= index < defect.end and defect.kind in BELT_KINDS:
            top, left, bottom, right = defect.boxes[index - defect.first]
            mask_HxW[top:bottom, left:right] = True
        elif defect.first <= index < defect.end:
            mask_HxW |= conveyor.frame(index) != conveyor.normal_frame(index)
    return mask_HxW
