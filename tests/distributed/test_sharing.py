"""How work is dealt, and what cannot be."""

import numpy as np
import pytest

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.distributed import group, sharing
from vpn_anomaly.distributed.group import Group
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation import labelled_check
from vpn_anomaly.report import dealt_watch


@pytest.fixture
def of_three(monkeypatch):
    """This process as number 1 of 3."""
    here = Group()
    here.index, here.count = 1, 3
    monkeypatch.setattr(group, "_current", here)


@pytest.mark.parametrize("total", [0, 1, 2, 7, 12])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_parts_are_the_whole_and_as_many_or_one_more(total, count):
    items = list(range(total))
    parts = [items[sharing.part_of(total, index, count)] for index in range(count)]
    assert sum(parts, []) == items
    sizes = list(map(len, parts))
    assert max(sizes) - min(sizes) <= 1


def test_who_is_apart_has_all_and_is_the_first(of_three):
    assert sharing.own_part(9) == slice(3, 6) and not group.is_first()
    with group.apart():
        assert sharing.own_part(9) == slice(0, 9) and group.is_first()
        assert sharing.gathered("x") == ["x"]
    assert sharing.own_part(9) == slice(3, 6)


def test_parts_without_items_are_no_part_of_the_whole(monkeypatch):
    parts = [{"a": np.zeros((0, 2))[:0]}, {}, {"a": np.ones((3, 2))}]
    monkeypatch.setattr(sharing, "gathered", lambda own: parts)
    assert sharing.joined({})["a"].shape == (3, 2)


def test_more_processes_than_clips():
    clip = LabelledClip.__new__(LabelledClip)
    labelled_check.check_processes([clip] * 3, 3)
    with pytest.raises(UserError, match="4 processes for 3 test clips; start 3 at most"):
        labelled_check.check_processes([clip] * 3, 4)


@pytest.mark.parametrize(
    "sources, max_frames, line",
    [
        (["a.mp4", "b.mp4"], None, "3 processes for 2 files; start 2 at most"),
        (["a.mp4", "b.mp4", "rtsp://camera/1"], None, "3 processes share files, not live sources"),
        (["a.mp4", "b.mp4", "camera:0"], None, "3 processes share files, not live sources"),
        (["a.mp4", "b.mp4", "/dev/null"], None, "3 processes share files, not live sources"),
        (["a.mp4", "b.mp4", "c.mp4"], 7, "--max_frames counts the frames of one process"),
    ],
)
def test_sources_that_cannot_be_dealt(of_three, sources, max_frames, line):
    with pytest.raises(UserError, match=line):
        dealt_watch.check_dealt(sources, max_frames)
    dealt_watch.check_dealt(["a.mp4", "b.mp4", "c.mp4"], None)


def test_sources_that_are_watched_at_once_are_not_dealt(of_three):
    with pytest.raises(UserError, match="watched at once by one process; give 3 processes one --input"):
        dealt_watch.check_dealt(["a.mp4", "b.mp4", "c.mp4"], None, at_once=True)
