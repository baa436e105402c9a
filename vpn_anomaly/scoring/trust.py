"""Which members of a detector may raise alarms: those of which normal clips raise about as many as is stated.

A member that follows the noise of a clip, or of which too few clips calibrate, calls ordinary frames of another clip
rare. Its least p-value would then outshout a member that knows.
"""

import math
from collections.abc import Sequence

import numpy as np

from vpn_anomaly.scoring.member_stream import MemberStream

RATE = 0.05  # the part of normal frames for which members are compared
AT_MOST = 3.0  # times as many may be flagged


def share_alarms(members: Sequence[MemberStream]) -> list[str]:
    """Sets the members' shares: 0 for those that are not trusted, those of the others in proportion as before.

    Not trusted is a member of which the normal clips, each at the threshold of the others, flag more than AT_MOST
    times the part of the frames that is stated; unless none is trusted.

    Returns:
        A line for each that takes no part in alarms.
    """
    if len(members) == 1:
        return []
    flagged = [flagged_part(member) for member in members]
    trusted = [part <= AT_MOST * RATE for part in flagged]
    if not any(trusted):
        return []
    total = sum(member.share for member, is_trusted in zip(members, trusted, strict=True) if is_trusted)
    for member, is_trusted in zip(members, trusted, strict=True):
        member.share = member.share / total if is_trusted else 0.0
    return [
        f"member {member.name} raises no alarms and takes no part in any: at a threshold for {RATE:.0%} of normal"
        f" frames, its normal clips, each at the threshold of the others, flag {part:.0%}; give more clips"
        for member, part, is_trusted in zip(members, flagged, trusted, strict=True)
        if not is_trusted
    ]


def flagged_part(member: MemberStream) -> float:
    """The part of normal frames that a member flags, each clip at the threshold of the others for RATE."""
    if not member.in_any:
        return 0.0
    return float(np.mean(member.normal.log_least_p <= math.log(RATE)))
