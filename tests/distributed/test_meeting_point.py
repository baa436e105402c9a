"""How processes meet, exchange values, and hear of each other's end; all in threads of one process, without JAX."""

import queue
import socket
import threading
import time

import pytest

from vpn_anomaly.distributed import group, lines
from vpn_anomaly.distributed.group import Member
from vpn_anomaly.distributed.lines import Lines
from vpn_anomaly.distributed.meeting_point import MeetingPoint

PORT = 4711  # of a service that nobody starts


class Meeting:
    """A meeting point that listens in threads, and those who come."""

    def __init__(self, count, seconds=30.0):
        self.empty = threading.Event()
        self.point = MeetingPoint(count, seconds, start=lambda: PORT, end=self.empty.set)
        self.server = socket.create_server(("localhost", 0))
        self.ends = queue.SimpleQueue()  # (index, line) of members that had to end
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.point.serve, args=(Lines(connection),), daemon=True).start()

    def call(self, index, about=(("task", "train"),)):
        """A process that says hello: its connection and the messages to come."""
        connection = Lines(socket.create_connection(self.server.getsockname()))
        connection.send(hello=index, about=dict(about))
        return connection, iter(connection)

    def members(self, count):
        called = [self.call(index) for index in range(count)]
        assert [next(messages) for _, messages in called] == [{"port": PORT}] * count
        return [
            Member(connection, messages, index, count, lambda line, index=index: self.ends.put((index, line)))
            for index, (connection, messages) in enumerate(called)
        ]


@pytest.fixture
def meeting():
    made = []

    def make(*args, **kwargs):
        made.append(Meeting(*args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.server.close()


def in_threads(functions):
    """The results of functions that wait for each other; an exception is a result."""
    results = [None] * len(functions)

    def call(place, function):
        try:
            results[place] = function()
        except BaseException as error:
            results[place] = error

    threads = [threading.Thread(target=call, args=(place, one)) for place, one in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return results


def test_values_reach_all_in_the_order_of_the_processes(meeting):
    members = meeting(3).members(3)
    for round in range(2):
        results = in_threads([lambda m=m: m.exchange({"from": m.index, "round": round}) for m in members])
        assert results == [[{"from": index, "round": round} for index in range(3)]] * 3


def test_when_all_have_left_the_meeting_ends(meeting):
    here = meeting(2)
    for member in here.members(2):
        assert not here.empty.is_set()
        member.leave()
    assert here.empty.wait(10) and here.ends.empty()


def test_the_failure_of_one_is_told_to_the_others_in_its_words(meeting):
    here = meeting(3)
    members = here.members(3)
    members[1].leave("no digits here")
    told = sorted(here.ends.get(timeout=10) for _ in range(2))
    assert told == [(0, "process 1 of 3 ended: no digits here"), (2, "process 1 of 3 ended: no digits here")]


@pytest.mark.parametrize("index", [0, 1])
def test_who_leaves_without_a_word_is_lost(meeting, index):
    here = meeting(2)
    here.members(2)[index]._lines._connection.shutdown(
        socket.SHUT_RDWR
    )  # as the system does for a dead process
    found, line = here.ends.get(timeout=10)
    if found == index:  # it notices that its own connection is gone
        found, line = here.ends.get(timeout=10)
    assert (found, line) == (1 - index, f"process {index} of 2 is lost (killed, or its machine is down)")


def test_who_is_silent_is_lost(meeting, monkeypatch):
    monkeypatch.setattr(lines, "SILENCE", 0.5)
    monkeypatch.setattr(lines, "BEAT", 0.1)
    here = meeting(2)
    (_mute, messages), (other, of_other) = here.call(0), here.call(1)
    other.beat()
    assert next(messages) == next(of_other) == {"port": PORT}
    assert next(of_other) == {"lost": 0}


@pytest.mark.parametrize(
    "calls, refusal",
    [
        ((0, 0), "two processes have index 0; give each its own --process_index"),
        ((0, 2), "process 0 expects 2 processes: there is no index 2"),
    ],
)
def test_an_index_that_is_not_free(meeting, calls, refusal):
    here = meeting(2)
    first = here.call(calls[0])
    while calls[0] not in here.point._members:  # it is before the second
        time.sleep(0.01)
    second = here.call(calls[1])
    assert next(second[1]) == {"refused": refusal}
    here.call(1)
    assert next(first[1]) == {"port": PORT}  # the others meet all the same


def test_processes_that_are_about_to_do_different_things_are_all_refused(meeting):
    here = meeting(2)
    called = [here.call(0, [("train.steps", "4")]), here.call(1, [("train.steps", "5")])]
    for _, messages in called:
        refused = next(messages)["refused"]
        assert refused.startswith(
            "the processes disagree: train.steps is '4' in process 0 and '5' in process 1;"
        )


def test_those_who_came_hear_who_did_not(meeting):
    here = meeting(4, seconds=0.5)
    refused = next(here.call(2)[1])["refused"]
    assert refused.startswith("of 4 processes, 0, 1, 3 did not come within 0.5 s; start all of them")


def test_who_comes_late_is_asked_to_try_again(meeting):
    here = meeting(1)
    here.members(1)
    assert next(here.call(0)[1]) == {"later": True}


def test_a_stranger_does_no_harm(meeting):
    here = meeting(1)
    with socket.create_connection(here.server.getsockname()) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stranger.recv(1) == b""  # it hangs up
    here.members(1)


# --- agreements, of members in threads: the current group is that of the thread


@pytest.fixture
def agreeing(meeting, monkeypatch):
    """Calls a function in the name of each of so many members; results in their order."""

    def call(count, function):
        here = threading.local()
        monkeypatch.setattr(group, "_current", None)
        monkeypatch.setattr(group, "current", lambda: here.member)

        def of(member):
            here.member = member
            return function(member.index)

        return in_threads([lambda m=m: of(m) for m in meeting(count).members(count)])

    return call


def test_what_the_first_makes_all_get(agreeing):
    made = []
    assert (
        agreeing(3, lambda index: group.by_first(lambda: made.append(index) or [index, "x"]))
        == [[0, "x"]] * 3
    )
    assert made == [0]


def test_a_refusal_of_the_first_reaches_all(agreeing):
    def refuse():
        raise group.UserError("no room")

    results = agreeing(2, lambda index: group.by_first(refuse))
    assert [type(one) for one in results] == [group.UserError] * 2 and {str(one) for one in results} == {
        "no room"
    }


def test_each_makes_its_own_and_the_refusal_of_one_reaches_all(agreeing):
    assert agreeing(3, lambda index: group.by_all(lambda: index)) == [0, 1, 2]

    def make(index):
        if index == 1:
            raise group.UserError("no file")
        return index

    results = agreeing(3, lambda index: group.by_all(lambda: make(index)))
    assert [str(one) for one in results] == ["process 1: no file", "no file", "process 1: no file"]


def test_values_that_have_to_be_the_same(agreeing):
    assert agreeing(2, lambda index: group.check_same({"step": 3})) == [None, None]
    results = agreeing(2, lambda index: group.check_same({"step": 3 + index}))
    assert all("step is 3 in process 0 and 4 in process 1" in str(one) for one in results)


def test_numbers_of_numpy_are_exchanged(agreeing):
    import numpy as np

    assert (
        agreeing(2, lambda index: group.by_first(lambda: {"a": np.float32(0.5), "b": np.arange(2)}))
        == [{"a": 0.5, "b": [0, 1]}] * 2
    )
