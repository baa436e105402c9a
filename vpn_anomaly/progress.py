"""How often progress is told where no line can be redrawn: in a pipe, a log or a notebook."""

PERIOD = 30.0  # seconds


class Pace:
    """Picks out of many moments the first, then one every PERIOD seconds at most, and the last."""

    def __init__(self):
        self._next = float("-inf")

    def due(self, now: float, last: bool) -> bool:
        """Whether to tell at `now`, seconds of a monotonic clock; `last`: nothing comes after."""
        if now < self._next and not last:
            return False
        self._next = now + PERIOD
        return True
