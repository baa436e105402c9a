"""What events are sent to, whatever the protocol."""

from vpn_anomaly.watching.events import Change
from vpn_anomaly.watching.senders.delivery import Delivery


class Receiver:
    """What events are sent to.

    Attributes:
      kind: what it is, in one word.
      name: its address, as it may be shown.
    """

    kind: str
    name: str

    def open(self, delivery: Delivery) -> None:
        """Before the first source. Returns at once. `delivery`: may be told that it fails or works."""

    def begin(self, source: str) -> None:
        """A source, by its name, is watched from now on. Returns at once."""

    def change(self, source: str, change: Change) -> None:
        """An event of the source changed just now; it is delivered apart. Returns at once."""

    def deliver(self, record: dict) -> None:
        """Sends the record of a change, in a thread of its own.

        `Undelivered` or `Refused`, of `delivery`, where it did not arrive.
        """
        raise NotImplementedError

    def close(self) -> None:
        """After the last delivery."""
