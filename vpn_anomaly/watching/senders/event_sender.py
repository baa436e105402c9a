"""Sends the changes of events while a source is watched, which never waits for it."""

import datetime

from vpn_anomaly.text.telling import notice
from vpn_anomaly.watching.event_log import event_record
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.senders.delivery import FIRST_PAUSE, LONGEST_PAUSE, WAITING, Delivery
from vpn_anomaly.watching.senders.receiver import Receiver

FLUSH_SECONDS = 10.0  # at the end of a watch, for what was not sent yet


class EventSender(Output):
    """Sends an `event_record` for each change, in order, from the first source that can be watched on.

    Records have `sent_utc`, the time of this try, and those of a live source `seen_utc`, when the change was
    found; both in ISO 8601. A record may arrive twice where the receiver's answer is lost.

    Args:
      flush_seconds: how long `close` goes on sending at most.
      waiting, first_pause, longest_pause: see `Delivery`.
    """

    def __init__(
        self,
        receiver: Receiver,
        *,
        flush_seconds: float = FLUSH_SECONDS,
        waiting: int = WAITING,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
    ):
        self._receiver, self._flush_seconds = receiver, flush_seconds
        self._settings = {"waiting": waiting, "first_pause": first_pause, "longest_pause": longest_pause}
        self._delivery: Delivery[dict] | None = None
        self._live: dict[str, bool] = {}  # by source

    def begin(self, video, monitor):
        if self._delivery is None:
            self._delivery = Delivery(self._receiver.name, self._deliver, **self._settings)
            self._receiver.open(self._delivery)
        self._live[video.name] = video.live
        self._receiver.begin(video.name)

    def frame(self, source, frame, result):
        self.finish(source, result.changes)

    def finish(self, source, changes):
        for change in changes:
            record = event_record(source, change)
            if self._live[source]:
                record["seen_utc"] = _now()
            self._receiver.change(source, change)
            self._delivery.put(record)
        self._tell()

    def close(self):
        delivery, self._delivery = self._delivery, None
        if delivery is None:
            return
        try:
            delivery.close(self._flush_seconds)
            self._receiver.close()
        finally:  # also after Ctrl-C
            for line in [*delivery.take_lines(), f"{self._receiver.kind}: {delivery.in_words()}"]:
                notice(line)

    def _deliver(self, record: dict) -> None:
        self._receiver.deliver(record | {"sent_utc": _now()})

    def _tell(self) -> None:
        for line in self._delivery.take_lines():
            notice(line)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
