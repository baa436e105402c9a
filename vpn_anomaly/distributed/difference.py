"""What processes do not agree on, in words."""

from collections.abc import Mapping


def first_difference(said: Mapping[int, Mapping]) -> str | None:
    """The first entry that a process, by index, says otherwise than process 0; None if all say the same."""
    first = said[0]
    for index, other in sorted(said.items()):
        for name in dict.fromkeys([*first, *other]):
            here, there = first.get(name, "absent"), other.get(name, "absent")
            if here != there:
                return f"the processes disagree: {name} is {here!r} in process 0 and {there!r} in process {index}"
    return None
