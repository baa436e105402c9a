"""A queue that delivers in order, and never keeps whoever puts."""

import threading
import time

import pytest

from tests.watching.senders.sent import wait_until
from vpn_anomaly.watching.senders.delivery import Delivery, Refused, Undelivered

QUICK = {"first_pause": 0.01, "longest_pause": 0.02}


class Door:
    """Takes items while it is open; `tries` are all that came, with the time."""

    def __init__(self, opened=True, refused=()):
        self.opened, self.refused = opened, refused
        self.taken, self.tries = [], []

    def __call__(self, item):
        self.tries.append((item, time.monotonic()))
        if not self.opened:
            raise Undelivered("it is shut")
        if item in self.refused:
            raise Refused("it is not wanted")
        self.taken.append(item)


def test_items_arrive_in_order_each_once_whatever_fails_between():
    door = Door()
    delivery = Delivery("door", door, **QUICK)
    for item in range(40):
        door.opened = item // 10 % 2 == 0
        delivery.put(item)
        time.sleep(0.002)
    door.opened = True
    delivery.close(10)
    assert door.taken == list(range(40)) and len(door.tries) > 40
    assert delivery.in_words() == "40 messages sent"


def test_of_a_full_queue_the_oldest_are_dropped_and_counted():
    door = Door(opened=False)
    delivery = Delivery("door", door, waiting=5, **QUICK)
    for item in range(12):
        delivery.put(item)
    wait_until(lambda: delivery.undelivered == 5 and delivery.dropped == 7)
    door.opened = True
    delivery.close(10)
    assert door.taken == [7, 8, 9, 10, 11] and delivery.in_words() == "5 messages sent, 7 dropped"


def test_what_is_under_way_is_the_oldest_when_it_comes_back():
    begun, end = threading.Event(), threading.Event()
    taken = []

    def deliver(item):
        begun.set()
        if not end.wait(10) or not taken and item == 0:
            raise Undelivered("too late")
        taken.append(item)

    delivery = Delivery("door", deliver, waiting=3, **QUICK)
    delivery.put(0)
    begun.wait(10)
    for item in (1, 2, 3):
        delivery.put(item)
    assert delivery.dropped == 0 and delivery.undelivered == 4
    end.set()
    delivery.close(10)
    assert taken == [1, 2, 3] and delivery.dropped == 1


def test_to_put_never_waits():
    hang = threading.Event()
    delivery = Delivery("door", lambda item: hang.wait(10), waiting=10)
    delivery.put(0)
    started = time.monotonic()
    for item in range(2000):
        delivery.put(item)
    assert time.monotonic() - started < 1.0  # 2,000 of them; it takes microseconds each
    assert delivery.dropped >= 1989
    hang.set()
    delivery.close(10)


def pauses(tries):
    return [after - before for (_, before), (_, after) in zip(tries, tries[1:])]


def test_pauses_double_and_begin_anew_after_what_arrives():
    door = Door(opened=False)
    delivery = Delivery("door", door, first_pause=0.05, longest_pause=60)
    delivery.put("a")
    wait_until(lambda: len(door.tries) == 4)
    assert all(pause >= least for pause, least in zip(pauses(door.tries), (0.05, 0.1, 0.2), strict=True))
    door.opened = True
    wait_until(lambda: door.taken == ["a"])
    door.opened = False
    delivery.put("b")
    wait_until(lambda: len(door.tries) == 7)
    assert pauses(door.tries[5:])[0] < 0.5  # 0.8, had they gone on
    delivery.close(0)


def test_pauses_have_a_longest():
    door = Door(opened=False)
    delivery = Delivery("door", door, first_pause=0.05, longest_pause=0.1)
    delivery.put("a")
    wait_until(lambda: len(door.tries) == 7)
    assert min(pauses(door.tries)[1:]) >= 0.1 and sum(pauses(door.tries)) < 2  # without it, 3.15
    delivery.close(0)


def test_to_try_now_ends_the_pause():
    door = Door(opened=False)
    delivery = Delivery("door", door, first_pause=60)
    delivery.put("a")
    wait_until(lambda: door.tries)
    door.opened = True
    delivery.try_now()
    wait_until(lambda: door.taken == ["a"])
    delivery.close(0)


def test_the_end_tries_at_once_and_then_gives_up():
    door = Door(opened=False)
    delivery = Delivery("door", door, first_pause=60)
    for item in range(3):
        delivery.put(item)
    wait_until(lambda: door.tries)
    door.opened = True
    delivery.close(10)
    assert door.taken == [0, 1, 2]

    door = Door(opened=False)
    delivery = Delivery("door", door, first_pause=0.05)
    for item in range(3):
        delivery.put(item)
    started = time.monotonic()
    delivery.close(0.3)
    assert 0.25 < time.monotonic() - started < 2
    assert delivery.in_words() == "0 messages sent, 3 not delivered" and len(door.tries) > 2


def test_one_line_when_it_fails_and_one_when_it_is_back():
    door = Door(opened=False)
    delivery = Delivery("door", door, **QUICK)
    delivery.put("a")
    wait_until(lambda: len(door.tries) > 4)
    assert delivery.take_lines() == ["door: it is shut; messages wait, 100 at most, and are tried again"]
    assert delivery.take_lines() == []
    door.opened = True
    wait_until(lambda: door.taken)
    wait_until(lambda: delivery.sent == 1)
    delivery.put("b")
    delivery.close(10)
    assert delivery.take_lines() == ["door: back after 0 s"]


def test_what_is_refused_is_not_tried_again_and_told_once():
    door = Door(refused=(1, 2, 4))
    delivery = Delivery("door", door, **QUICK)
    for item in range(6):
        delivery.put(item)
    delivery.close(10)
    assert door.taken == [0, 3, 5] and [item for item, _ in door.tries] == list(range(6))
    assert delivery.in_words() == "3 messages sent, 3 refused"
    told = "door: it is not wanted; the message is not sent again, others alike are counted"
    assert delivery.take_lines() == [told, told]  # the second after one that was taken


def test_a_mistake_is_raised_where_events_are_put():
    def deliver(item):
        raise KeyError("a mistake")

    delivery = Delivery("door", deliver)
    delivery.put("a")
    delivery.close(10)
    with pytest.raises(KeyError):
        delivery.take_lines()
