"""How much memory a file from outside may take: checked by its header, before any is allocated."""

import dataclasses

from vpn_anomaly.config_fields import field_named
from vpn_anomaly.errors import UserError

GIGABYTE = 10**9
LARGEST_REPORTED = 10**30  # bytes; a header may state a number of any length


class TooLarge(UserError):
    """A file would take more memory than is allowed; `words` say so without the file's name."""

    def __init__(self, name, words: str):
        super().__init__(f"{name}: {words}")
        self.words = words


@dataclasses.dataclass(frozen=True)
class MemoryLimit:
    """How many gigabytes are allowed, and the name of the config field that sets it."""

    field: str
    gigabytes: float

    @property
    def bytes(self) -> int:
        return int(self.gigabytes * GIGABYTE)

    def check(self, name, size: int, what: str = "it") -> None:
        """Raises TooLarge, one line, if the `size` bytes that `what` of the file takes exceed the limit."""
        if size > self.bytes:
            raise self.too_large(name, f"{what} takes {min(size, LARGEST_REPORTED) / GIGABYTE:.3g} GB")

    def too_large(self, name, takes: str) -> TooLarge:
        """The error for a file that takes more than is allowed; `takes` says how much, in words."""
        return TooLarge(
            name,
            f"{takes} of memory, but {self.field} allows {self.gigabytes:g};"
            f" give a smaller file, or set {self.field} higher if this one can be trusted",
        )


def for_sequences(gigabytes: float | None = None) -> MemoryLimit:
    """The limit for a file of sequences, glyphs or weights; None: the field's default."""
    return _from_field("score.max_gigabytes", gigabytes)


def for_footage(gigabytes: float | None = None) -> MemoryLimit:
    """The limit for a frame of footage, or for the labels of a clip; None: the field's default."""
    return _from_field("data.video.max_gigabytes", gigabytes)


def _from_field(name: str, gigabytes: float | None) -> MemoryLimit:
    return MemoryLimit(name, field_named(name).default if gigabytes is None else gigabytes)
