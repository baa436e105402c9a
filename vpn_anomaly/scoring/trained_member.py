"""A trained member of a detector, with its part in it."""

import dataclasses
import types
from collections.abc import Iterable, Mapping

import jax
from ml_collections import ConfigDict

from vpn_anomaly.member_rows import MOTION
from vpn_anomaly.scoring.trained_model import TrainedModel

WITHOUT_PREFIX = ("", MOTION)  # whose scores and kinds of event have plain names


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedMember:
    """What was trained, and the member's part in the detector.

    Attributes:
        name: as in `detector.members`; empty for the single model of a run without members.
        config: complete, checked, resolved: that of a run without members.
        trained: parameters and calibration.
        share: part of the allowed false alarms that it may raise; those of all members sum to 1.
        every: it looks at every n-th frame of a stream.
    """

    name: str
    config: ConfigDict
    trained: TrainedModel
    share: float = 1.0
    every: int = 1

    @property
    def prefix(self) -> str:
        """Of its columns and kinds of event: empty, or "NAME."."""
        return prefix_of(self.name)


def prefix_of(name: str) -> str:
    """`TrainedMember.prefix` of a member of this name."""
    return "" if name in WITHOUT_PREFIX else f"{name}."


def training_records(
    members: Iterable[TrainedMember], seconds: Mapping[str, float] = types.MappingProxyType({})
) -> dict[str, dict]:
    """What results.json says of the training of each member, by name.

    `system`, `steps`, `sequences_seen`, `parameters`, `training_seconds`; `every` and `share`.

    Args:
        seconds: that training took, calibration included, where that is known; else as in the checkpoint.
    """
    return {
        member.name: {
            "system": member.config.system,
            "steps": member.trained.metadata["step"],
            "sequences_seen": member.trained.metadata["sequences_seen"],
            "parameters": sum(x.size for x in jax.tree.leaves(member.trained.params)),
            "training_seconds": seconds.get(member.name, member.trained.metadata["wall_seconds"]),
            "every": member.every,
            "share": member.share,
        }
        for member in members
    }
