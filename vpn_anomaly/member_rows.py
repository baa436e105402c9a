"""The members that a detector can have, one row each; `members.py` makes their configs."""

import dataclasses
from collections.abc import Mapping

MOTION = "motion"  # the member whose other fields are the detector's
FIXED = ("system", "model.attention.radius", "train.carried")  # fields that follow from what a member is


@dataclasses.dataclass(frozen=True)
class MemberRow:
    """A member of a detector.

    Attributes:
        name: as in `detector.members`; also its folder in the workdir.
        about: what it detects, in words.
        fields: its values of config fields by dotted name, in place of the detector's. All but those in
            FIXED can be set: they are the config fields detector.NAME.FIELD.
        every: it looks at every n-th frame of a stream.
        share: its part of the allowed false alarms, in proportion to the other members' parts.
    """

    name: str
    about: str
    fields: Mapping[str, object]
    every: int = 1
    share: float = 1.0

    @property
    def own_fields(self) -> dict[str, object]:
        """`fields` that can be set."""
        return {name: value for name, value in self.fields.items() if name not in FIXED}


# Shares: on a made conveyor, and on changes inserted into normal clips, normality finds most, motion least.
MEMBERS = (
    MemberRow(MOTION, "what moves wrongly", {"score.places": True}),
    MemberRow(
        "appearance",
        "what looks wrong, in single frames",
        {
            "system": "block_inpainting",
            "data.frames": 2,
            "data.height": 0,
            "data.width": 0,
            "data.video.height": 160,
            "data.video.width": 240,
            "model.attention.radius": 4,  # it has no attention, so that nothing is measured
            "model.head.pixel_channels": 16,
            "train.start_from": "",
            "train.steps": 1500,
            "train.batch_size": 8,
            "train.targets": (1,),
            "train.carried": False,
            "evaluate.sequences": 64,
            "evaluate.calibration_sequences": 64,
            "evaluate.corruptions": ("spatial",),
            "score.masks": 1,
        },
        every=10,
        share=2.0,
    ),
    MemberRow(
        "normality",
        "what was never seen here: speed, direction, place, looks",
        {
            "system": "normality",
            "data.frames": 2,
            "data.height": 0,
            "data.width": 0,
            "data.video.height": 240,
            "data.video.width": 360,
            "model.attention.radius": 4,
            "train.start_from": "",
            "train.targets": (1,),
            "train.carried": False,
            "score.masks": 1,
            "score.smoothing": 2,
        },
        share=4.0,
    ),
)


def member_named(name: str) -> MemberRow:
    """The row of a member; KeyError for an unknown name."""
    return {row.name: row for row in MEMBERS}[name]
