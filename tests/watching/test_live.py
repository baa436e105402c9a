"""Live sources that are too fast, that break and come back: stand-ins, and Motion JPEG by HTTP."""

import queue
import threading
import time

import numpy as np
import pytest

from tests.data.video_files import camera
from vpn_anomaly.data.video.open_video import Frame, VideoSettings
from vpn_anomaly.errors import UserError
from vpn_anomaly.watching import feed
from vpn_anomaly.watching.live import Live


@pytest.fixture(autouse=True)
def short_closing(monkeypatch):
    """Most stand-ins are silent when they are closed."""
    monkeypatch.setattr(feed, "CLOSING_SECONDS", 0.2)


LOST = "cam: broke at frame 2: no answer in 10 s"


class StandIn:
    """A video of what is put into `feed`: (index, time), an exception, or END."""

    END = object()

    def __init__(self, *items, problem=None, size=(4, 6), live=True):
        self.name, self.rate, self.size, self.live = "cam", 25.0, size, live
        self.problem, self.feed, self.closed_by, self.read_by = problem, queue.Queue(), [], None
        for item in items:
            self.feed.put(item)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closed_by.append(threading.current_thread())

    def __iter__(self):
        self.read_by = threading.current_thread()
        while (item := self.feed.get(timeout=10)) is not self.END:
            if isinstance(item, BaseException):
                raise item
            image = np.full((*self.size, 1), item[0] % 256, np.uint8)
            yield Frame(*item, image, picture=f"picture {item[0]}")
            self.feed.task_done()  # when the next one is asked for


class Clock:
    """Time that only pauses let pass."""

    def __init__(self):
        self.now, self.pauses = 100.0, []

    def __call__(self):
        return self.now

    def pause(self, closing, seconds):
        self.pauses.append(seconds)
        self.now += seconds


def opened(*openings, **options):
    """A Live of what opening the source gives, one after the other: a video, or an error."""
    openings = iter(openings)

    def open_next(source, settings):
        assert (source, settings) == ("cam", VideoSettings())
        opening = next(openings)
        if isinstance(opening, UserError):
            raise opening
        return opening

    return Live("cam", VideoSettings(), open=open_next, **options)


def numbers(given):
    return [(frame.index, piece) for frame, piece in given]


def take(live, count):
    return [next(live) for _ in range(count)]


def wait_until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_oldest_frames_are_dropped_and_counted():
    video = StandIn(*[(n, n / 25) for n in range(10)])
    with opened(video, waiting=3) as live:
        video.feed.join()
        assert numbers(take(live, 3)) == [(7, 0), (8, 0), (9, 0)] and live.dropped == 7
        video.feed.put((10, 0.4))
        frame, _ = next(live)
        assert frame[:2] == (10, 0.4) and (frame.image == 10).all() and live.dropped == 7
        for n in range(11, 15):
            video.feed.put((n, n / 25))
        video.feed.join()
        assert numbers(take(live, 3)) == [(12, 0), (13, 0), (14, 0)] and live.dropped == 8


def test_a_fast_consumer_loses_nothing():
    video, given = StandIn(), []
    with opened(video, waiting=2) as live:
        for n in range(300):
            video.feed.put((n, n / 25))
            given.append(next(live))
        assert live.dropped == live.reconnections == 0
        assert (live.name, live.size, live.rate) == ("cam", (4, 6), 25.0)
    assert numbers(given) == [(n, 0) for n in range(300)]
    assert [frame.time for frame, _ in given] == [n / 25 for n in range(300)]


def test_a_lost_source_is_tried_again_with_growing_pauses():
    clock, told, refused = Clock(), [], UserError("cam: refused; check it")
    first = StandIn((0, 0.0), (1, 0.25), StandIn.END, problem=LOST.removeprefix("cam: "))
    second = StandIn((0, 0.0), (3, 0.5), UserError("cam: unplugged"))
    third = StandIn((0, 0.0))
    openings = [first, *[refused] * 7, second, refused, third]
    with opened(*openings, clock=clock, pause=clock.pause, notify=told.append) as live:
        given = take(live, 5)
        assert live.reconnections == 2 and live.dropped == 0
    assert clock.pauses == [1, 2, 4, 8, 16, 30, 30, 30, 1, 2]
    assert numbers(given) == [(0, 0), (1, 0), (2, 1), (5, 1), (6, 2)]
    assert [frame.time for frame, _ in given] == [0, 0.25, 121.25, 121.75, 124.75]
    assert [frame.picture for frame, _ in given] == [f"picture {number}" for number in (0, 1, 0, 3, 0)]
    tries = [f"cam: refused; check it; trying again in {pause:g} s" for pause in clock.pauses]
    assert told == [
        f"{LOST}; trying again in 1 s",
        *tries[1:8],
        "cam: back after 121 s",
        "cam: unplugged; trying again in 1 s",
        tries[9],
        "cam: back after 3 s",
    ]
    for video in (first, second):
        assert video.closed_by == [video.read_by] and video.read_by is not threading.main_thread()


def test_time_goes_on_where_a_source_is_back_at_once():
    videos = [StandIn((0, 0.0), (1, 5.0), StandIn.END), StandIn((0, 0.0))]
    with opened(*videos, clock=lambda: 7.0, pause=lambda *_: None) as live:
        times = [frame.time for frame, _ in take(live, 3)]
    assert times[:2] == [0, 5] and 5 < times[2] < 5.01


def test_lines_are_told_by_the_thread_of_the_consumer():
    tellers = []
    videos = [StandIn((0, 0.0), StandIn.END), StandIn((0, 0.0))]
    with opened(
        *videos, pause=lambda *_: None, notify=lambda line: tellers.append(threading.current_thread())
    ) as live:
        take(live, 2)
    assert tellers == [threading.main_thread()] * 2


def test_the_first_opening_is_not_tried_again():
    with pytest.raises(UserError, match="refused"):
        opened(UserError("refused"), StandIn())


def test_a_source_that_is_open_already_is_read_and_closed():
    video = StandIn((0, 0.0))
    with opened(video=video) as live:  # no opening is left
        assert numbers(take(live, 1)) == [(0, 0)]
        video.feed.put((1, 0.1))
    assert video.closed_by == [video.read_by]


def test_a_source_that_is_not_live_is_refused():
    video = StandIn(live=False)
    with pytest.raises(ValueError, match="cam is not live"):
        opened(video)
    assert len(video.closed_by) == 1


def test_a_source_that_comes_back_in_another_size_ends_it():
    videos = [StandIn((0, 0.0), StandIn.END), StandIn((0, 0.0), size=(8, 6))]
    with opened(*videos, pause=lambda *_: None) as live:
        next(live)
        with pytest.raises(UserError, match="cam: it came back with frames of 6x8 .* not 6x4"):
            next(live)
    assert len(videos[1].closed_by) == 1


def test_a_bug_while_reading_reaches_the_consumer_after_the_frames():
    with opened(StandIn((0, 0.0), (1, 0.1), ZeroDivisionError())) as live:
        assert numbers(take(live, 2)) == [(0, 0), (1, 0)]
        with pytest.raises(ZeroDivisionError):
            next(live)


def closing_seconds(live):
    start = time.monotonic()
    live.close()
    return time.monotonic() - start


def test_closing_in_a_pause_ends_the_thread_at_once():
    again = StandIn()
    live = opened(StandIn(StandIn.END), again)
    wait_until(lambda: live._lines)
    assert live._thread.is_alive() and closing_seconds(live) < 0.15
    assert not live._thread.is_alive() and list(live) == []
    assert again.closed_by == [] and live.reconnections == 0  # it was not opened


def test_closing_while_the_consumer_waits():
    video = StandIn()
    live = opened(video)
    threading.Timer(0.1, live.close).start()
    assert list(live) == []
    video.feed.put((0, 0.0))
    live._thread.join(1)
    assert not live._thread.is_alive() and video.closed_by == [live._thread]


def test_a_silent_source_is_left_to_its_thread():
    video = StandIn()
    live = opened(video)
    assert 0.1 < closing_seconds(live) < 1
    assert live._thread.is_alive() and live._thread.daemon and not video.closed_by
    video.feed.put((0, 0.0))
    live._thread.join(1)
    assert video.closed_by == [live._thread]


def test_an_exception_in_the_consumer_ends_the_thread():
    video = StandIn()
    for n in range(5):
        video.feed.put((n, 0.1 * n))
    threading.Timer(0.1, video.feed.put, [(5, 0.5)]).start()
    with pytest.raises(ZeroDivisionError):
        with opened(video) as live:
            next(live)
            raise ZeroDivisionError
    assert not live._thread.is_alive() and video.closed_by == [live._thread]


def test_pictures_of_a_camera_that_is_faster_than_the_consumer(tmp_path):
    told, given, pictures = [], [], 50
    start = time.monotonic()
    with camera(tmp_path, pictures, seconds=0.02) as address:
        with Live(
            address,
            VideoSettings(timeout=5),
            waiting=2,
            notify=told.append,
            pause=lambda closing, seconds: closing.wait(0.05),
        ) as live:
            for frame, piece in live:
                given.append((frame, piece))
                if frame.index >= 1.5 * pictures:  # in the second piece
                    break
                time.sleep(0.06)
        assert not live._thread.is_alive()
    assert live.reconnections == given[-1][1] >= 1
    assert live.dropped > 20 and len(given) < 50
    assert len(given) + live.dropped >= given[-1][0].index + 1  # of each frame one or the other
    for frame, piece in given:
        level = frame.image.mean() * pictures / 250
        assert frame.index == round(level) + piece * pictures
    times = np.array([frame.time for frame, _ in given])
    assert (np.diff(times) > 0).all() and 1.2 < times[-1] < time.monotonic() - start
    assert " at frame 50: " in told[0] and told[0].endswith("; trying again in 1 s")
    assert told[1].endswith("/: back after 0 s")
