"""How much memory a file from outside may take: asked of its header, before it takes any."""

import dataclasses

from vpn_anomaly.config_fields import field_named
from vpn_anomaly.errors import UserError

GIGABYTE = 10**9
LARGEST_TOLD = 10**30  # bytes; what a header says may be a number of any length


class TooLarge(UserError):
    """A file would take more memory than is allowed; `words` say so without its name."""

    def __init__(self, name, words: str):
        super().__init__(f"{name}: {words}")
        self.words = words


@dataclasses.dataclass(frozen=True)
class Allowance:
    """So many gigabytes are allowed, by a config field of this name."""

    field: str
    gigabytes: float

    @property
    def bytes(self) -> int:
        return int(self.gigabytes * GIGABYTE)

    def check(self, name, size: int, what: str = "it") -> None:
        """Raises TooLarge, one line, unless `what` of the file may take `size` bytes."""
        if size > self.bytes:
            raise self.too_large(name, f"{what} takes {min(size, LARGEST_TOLD) / GIGABYTE:.3g} GB")

    def too_large(self, name, takes: str) -> TooLarge:
        """The error of a file that takes more than is allowed; `takes` says how much, in words."""
        return TooLarge(
            name,
            f"{takes} of memory, but {self.field} allows {self.gigabytes:g};"
            f" give a smaller file, or set {self.field} higher if this one can be trusted",
        )


def of_sequences(gigabytes: float | None = None) -> Allowance:
    """What a file of sequences, glyphs or weights may take; None: the field's default."""
    return _of_field("score.max_gigabytes", gigabytes)


def of_footage(gigabytes: float | None = None) -> Allowance:
    """What a frame of footage, or the labels of a clip, may take; None: the field's default."""
    return _of_field("data.video.max_gigabytes", gigabytes)


def _of_field(name: str, gigabytes: float | None) -> Allowance:
    return Allowance(name, field_named(name).default if gigabytes is None else gigabytes)
