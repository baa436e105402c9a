"""What a detector finds in videos, as its caller sees it, frame by frame."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from vpn_anomaly.data.video.given_frames import GivenFrame, open_frames
from vpn_anomaly.data.video.open_video import Frame, Video, VideoSettings, open_video
from vpn_anomaly.data.video.sources import sources
from vpn_anomaly.scoring.trained_member import prefix_of
from vpn_anomaly.text.display_names import display_names
from vpn_anomaly.text.telling import notice, telling
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.events import Change, Event
from vpn_anomaly.watching.monitor import FrameResult, OpenEvent
from vpn_anomaly.watching.source_watch import SourceWatch


class WatchedFrame(NamedTuple):
    """What was found in a frame of a video.

    Where a source ends, or breaks off and goes on, one more without image, scores and maps has the events that end
    there.

    Attributes:
        source: its name, without secrets.
        index: of the frame in its source, from 0.
        time: of the frame, seconds since the first one of its source.
        image: uint8 (H, W, C), at the size of `data.video`; None: see above.
        scores: by column (`Detector.meaning`); empty for the first frames of a source, which lack context.
        p: p-value under normal footage by kind of event, those of members as `MEMBER.kind`.
        maps: by name, (h, w) at the size at which the member looks, those of members as `MEMBER.name`.
        began, changed, ended: the events that began in this frame, have a new peak, or ended.
        open: the events that are open, with their box in this frame.
        light: whether the light changed.
    """

    source: str
    index: int
    time: float
    image: np.ndarray | None
    scores: dict[str, float]
    p: dict[str, float]
    maps: dict[str, np.ndarray]
    began: tuple[Event, ...]
    changed: tuple[Event, ...]
    ended: tuple[Event, ...]
    open: tuple[OpenEvent, ...]
    light: bool


def watched_frames(
    source: str | os.PathLike | Iterable[GivenFrame], monitors: MonitorBuilder, progress: bool
) -> Iterator[WatchedFrame]:
    """Yields what is found in every frame of a source, or of several, one after the other.

    Args:
        source: what `--input` names, or frames (`open_frames`).
        monitors: makes those of the sources.
        progress: whether notices on the sources are printed.

    UserError where a source cannot be opened or watched.
    """
    for where, name in _named(source):
        with telling(progress):
            watch = SourceWatch(
                _opened(where, name, monitors.settings.video),
                where if isinstance(where, str) else "",
                monitors,
                notice if progress else lambda line: None,
            )
        with watch:
            yield from _of_source(watch)


def _named(source) -> list[tuple]:
    """Every source with its name; frames have none."""
    if not isinstance(source, (str, os.PathLike)):
        return [(source, "")]
    found = sources(os.fspath(source))
    return list(zip(found, display_names(found), strict=True))


def _opened(source, name: str, settings: VideoSettings) -> Video:
    return open_video(source, settings, name) if isinstance(source, str) else open_frames(source, settings)


def _of_source(watch: SourceWatch) -> Iterator[WatchedFrame]:
    name, index, time = watch.video.name, 0, 0.0
    for of_frame, changes in watch:
        if of_frame is not None:
            frame, result = of_frame
            index, time = frame.index, frame.time
            yield _with_result(name, frame, result)
        elif changes:
            yield WatchedFrame(name, index, time, None, {}, {}, {}, *_by_kind(changes), (), False)


def _with_result(name: str, frame: Frame, result: FrameResult) -> WatchedFrame:
    return WatchedFrame(
        name,
        frame.index,
        frame.time,
        frame.image,
        result.scores,
        result.p,
        {
            f"{prefix_of(member)}{map}": x
            for member, maps in result.maps.items()
            for map, x in maps.value.items()
        },
        *_by_kind(result.changes),
        tuple(result.open),
        result.light,
    )


def _by_kind(changes: Iterable[Change]) -> Iterator[tuple[Event, ...]]:
    """The events that began, changed, and ended."""
    changes = list(changes)
    for what in ("begin", "change", "end"):
        yield tuple(change.event for change in changes if change.what == what)
