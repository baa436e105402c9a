"""The processes that work together, as seen by one of them; alone, unless in `starting.taking_part`."""

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from vpn_anomaly.distributed.difference import first_difference
from vpn_anomaly.distributed.lines import Lines
from vpn_anomaly.errors import UserError

_Result = TypeVar("_Result")
WAKING_SECONDS = 0.5  # Python handles signals between waits


class Group:
    """A process that is alone; `Member` is one of several.

    Attributes:
        index, count: its number among all, and how many there are.
    """

    index, count = 0, 1

    def exchange(self, value: object) -> list:
        """The values, plain JSON, that all processes give, in their order; waits for all of them."""
        return [value]

    def await_end(self) -> None:
        """Does not return: another process tells why this one has to end. Alone, nobody does."""
        raise AssertionError("a process that is alone waits for nobody")


class Member(Group):
    """One of several processes, connected with their meeting point.

    Args:
        ended: called with a line when another process has failed or is lost; does not return.
    """

    def __init__(self, lines: Lines, messages, index: int, count: int, ended: Callable[[str], None]):
        self.index, self.count = index, count
        self._lines, self._messages, self._ended = lines, messages, ended
        self._numbers, self._answers = itertools.count(), queue.SimpleQueue()
        self._leaving = False
        threading.Thread(target=self._listen, daemon=True).start()

    def exchange(self, value: object) -> list:
        # Where the meeting point is gone, `_listen` tells, and ends this process.
        with contextlib.suppress(OSError):
            self._lines.send(exchange=next(self._numbers), value=value)
        while True:
            try:
                return self._answers.get(timeout=WAKING_SECONDS)
            except queue.Empty:
                continue

    def await_end(self) -> None:
        threading.Event().wait()

    def leave(self, failure: str | None = None) -> None:
        """Says goodbye: done, or with the line that says why not, which the others repeat."""
        self._leaving = True
        try:
            if failure is None:
                self._lines.send(goodbye=True)
            else:
                self._lines.send(failed=failure)
        except OSError:
            pass  # the meeting point is gone, and with it the others
        self._lines.close()

    def _listen(self) -> None:
        for message in self._messages:
            if "exchange" in message:
                self._answers.put(message["values"])
            elif "failed" in message:
                self._end(f"process {message['failed']} of {self.count} ended: {message['line']}")
            elif "lost" in message:
                self._end(
                    f"process {message['lost']} of {self.count} is lost (killed, or its machine is down)"
                )
        self._end("the coordinator is lost (killed, or its machine is down)")

    def _end(self, line: str) -> None:
        if not self._leaving:
            self._ended(line)


_current: Group = Group()


def join(group: Group) -> None:
    """Makes this process one of a group, from now on."""
    global _current
    _current = group


def current() -> Group:
    """The group of this process."""
    return _current


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """A context in which this process works by itself on what it was dealt: it waits for nobody, shares nothing."""
    before = _current
    join(Group())
    try:
        yield
    finally:
        join(before)


def is_first() -> bool:
    """Whether this process is the one that writes files."""
    return current().index == 0


def by_first(make: Callable[[], _Result]) -> _Result:
    """What the first process makes, as plain JSON; all wait for it, and all raise its UserError.

    For whatever is written, or may be found written: afterwards every process sees the same files.
    """
    if current().count == 1:
        return make()
    said: dict = {}
    if is_first():
        try:
            said["result"] = make()
        except UserError as error:
            said["error"] = str(error)
    found = exchanged("by_first", said)[0]
    if "error" in found:
        raise UserError(found["error"])
    return found["result"]


def by_all(make: Callable[[], _Result]) -> _Result:
    """What this process makes; waits until all have. If one of them raises a UserError, all do."""
    if current().count == 1:
        return make()
    try:
        result = make()
    except UserError as error:
        current().exchange(["by_all", str(error)])
        raise
    for index, problem in enumerate(exchanged("by_all", None)):
        if problem is not None:
            raise UserError(f"process {index}: {problem}")
    return result


def check_same(said: Mapping[str, object]) -> None:
    """UserError, in every process, if the processes have different values, plain JSON, under one name."""
    difference = first_difference(dict(enumerate(exchanged("check_same", dict(said)))))
    if difference:
        raise UserError(f"{difference}; see to it that all read the same files")


def exchanged(what: str, value: object) -> list:
    """`exchange` of one kind of values. A process that gives another kind is on its way out: its end is awaited."""
    pairs = current().exchange([what, value])
    if any(kind != what for kind, _ in pairs):
        current().await_end()
    return [value for _, value in pairs]
