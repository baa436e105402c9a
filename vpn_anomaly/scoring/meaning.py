"""What each score measures, in a line with its unit."""

from collections.abc import Iterator, Sequence

from vpn_anomaly.scoring.calibration import DERIVED, derived_names
from vpn_anomaly.scoring.scores import score_named, score_names
from vpn_anomaly.scoring.stream_detector import ANY
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.systems.build import build_system

ANY_OF_MEMBERS = (
    "one score of all members: −log of the least p-value of a member, over its share of the alarms, in nats"
)


def meanings(members: Sequence[TrainedMember]) -> dict[str, str]:
    """What each score of a detector measures, by its column: the member's prefix and the score's name."""
    found = {f"{member.prefix}{name}": text for member in members for name, text in _of_member(member)}
    return found | ({ANY: ANY_OF_MEMBERS} if any(member.name for member in members) else {})


def _of_member(member: TrainedMember) -> Iterator[tuple[str, str]]:
    names = score_names(build_system(member.config), places=member.config.score.places)
    for name in names:
        score = score_named(name)
        yield name, f"{score.meaning}, in {score.unit}"
    for name in derived_names(score_names(build_system(member.config))):
        yield name, DERIVED[name]
