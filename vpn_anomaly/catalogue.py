"""What can be chosen by name, one row each. Imports no model: a command line knows the rows at once."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class SystemRow:
    """A system.

    Attributes:
        name: the value of `system`.
        streams: whether it takes a stream frame by frame, at the same cost however long it runs.
        carries: whether its training can carry the memory from one batch to the next.
    """

    name: str
    streams: bool = False
    carries: bool = False


SYSTEMS = (
    SystemRow("inpainting", streams=True, carries=True),
    SystemRow("vpn"),
    SystemRow("conv_lstm_autoencoder"),
    SystemRow("frame_autoencoder"),
    SystemRow("block_inpainting", streams=True),
)


def system_named(name: str) -> SystemRow:
    """The row of a system; KeyError for an unknown name."""
    return {row.name: row for row in SYSTEMS}[name]
