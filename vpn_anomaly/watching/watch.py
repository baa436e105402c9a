"""Watches sources, frame by frame: what is seen goes to scores, events, a video and a report."""

import collections
import contextlib
import dataclasses
import functools
import pathlib
import sys
from collections.abc import Iterator, Mapping

from vpn_anomaly.data.build import build_video_settings
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.open_video import Video, VideoSettings, open_video
from vpn_anomaly.data.video.sources import sources
from vpn_anomaly.errors import UserError
from vpn_anomaly.progress import Progress
from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.report.watched_source import Unwatched
from vpn_anomaly.scoring.event_kinds import KIND_NAMES
from vpn_anomaly.scoring.scores import event_scores, score_names
from vpn_anomaly.scoring.trained_model import Trained
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.storage import provenance
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.text.display_names import display_name, display_names
from vpn_anomaly.text.printable_line import printable_line
from vpn_anomaly.watching.events import Change
from vpn_anomaly.watching.live import Live, LiveFrame
from vpn_anomaly.watching.monitor import Watcher
from vpn_anomaly.watching.outputs import Annotated, Events, Output, Scores
from vpn_anomaly.watching.pieces import pieces


def watch(
    config,
    trained: Trained,
    where: str,
    outputs: Mapping[str, pathlib.Path],
    max_frames: int | None = None,
    model: str = "",
) -> None:
    """Watches all sources that `where` names, one after the other; ends at SIGTERM or `max_frames`.

    What breaks on the way is told in a line, and what was seen until then stays; so is one of several
    sources that cannot be watched.

    Args:
        outputs: `scores`, `events`, `video` and `report`, each if wanted.
        model: what the report calls the model; empty: by its system only.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when all files are closed.
        UserError: for a run that was not trained on videos, where no source can be opened, is long
            enough for a score and has thresholds, for an output that cannot be written.
    """
    if config.data.source == "sequences":
        raise UserError(
            "--mode=watch needs a run that was trained on videos; train one with"
            " --config=configs/video.py --config.data.path='normal/*.mp4'"
        )
    names = sources(where)
    if "video" in outputs and len(names) > 1:
        raise UserError(
            f"--video takes one source, but --input={display_name(where)} names {len(names)};"
            " watch one at a time, or leave --video out"
        )
    with StopRequest() as stop, contextlib.ExitStack() as stack:
        video_settings = dataclasses.replace(build_video_settings(config.data), timeout=config.watch.timeout)
        opened = [
            stack.enter_context(output)
            for output in _outputs(config, trained, outputs, video_settings.frame_rate, model)
        ]
        session = _Session(config, trained, video_settings, opened, max_frames, stop)
        for source, name in zip(names, display_names(names), strict=True):
            if session.goes_on:
                session.watch(source, name, alone=len(names) == 1)
        print(session.summary(), flush=True)
    if stop.interrupted:
        raise KeyboardInterrupt
    session.tell_unscored_sources(len(names))


def _outputs(config, trained: Trained, paths, frame_rate: float, model: str) -> Iterator[Output]:
    """Opens the files one after the other, those that are wanted."""
    system, tail = build_system(config), config.watch.tail
    if "scores" in paths:
        yield Scores(paths["scores"], score_names(system, tail), tuple(event_scores(system, tail)))
    if "events" in paths:
        yield Events(paths["events"])
    if "video" in paths:
        yield Annotated(paths["video"], frame_rate)
    if "report" in paths:
        commit = provenance.of_this_process()["commit"]
        yield WatchReport(
            paths["report"],
            [
                *([("Model", model)] if model else []),
                ("System", f"{config.system}, {trained.metadata['step']:,} training steps"),
                ("Program", f"commit {commit[:12]}" if commit else "of no known commit"),
            ],
        )


class _Session:
    """All sources of one call."""

    def __init__(
        self, config, trained: Trained, video_settings: VideoSettings, outputs: list[Output], max_frames, stop
    ):
        self._config, self._trained, self._video_settings = config, trained, video_settings
        self._outputs, self._left, self._stop = outputs, max_frames, stop
        self._watchers: dict[tuple[int, int], Watcher] = {}
        self._refused: dict[tuple[int, int], UserError] = {}
        self._frames, self._events = 0, collections.Counter()
        self._scored, self._short = 0, []  # frames with scores; lines on sources without any
        self._unwatched: list[Unwatched] = []

    @property
    def goes_on(self) -> bool:
        """Whether there are frames left to watch."""
        return not self._stop.requested and self._left != 0

    def watch(self, source: str, name: str, alone: bool = True) -> None:
        """Watches one source to its end. `name`: its display name.

        UserError where it cannot be watched and is the only one.
        """
        with contextlib.ExitStack() as stack:
            try:
                video = open_video(source, self._video_settings, name, stopped=lambda: self._stop.requested)
                stack.callback(video.close)
                watcher = self._watcher(video)
            except UserError as error:
                if self._stop.requested:  # while it waited for the first frame
                    return
                if alone:
                    raise
                self._pass_over(name, str(error))
                return
            watcher.restart()
            for output in self._outputs:
                output.begin(video, watcher)
            progress = _Progress(video)
            stack.callback(progress.end)
            piece, frames_before = 0, self._frames
            for frame, of_piece in self._frames_of(source, video, stack):
                if of_piece != piece:
                    self._finish(video.name, watcher.finish())
                    watcher.resume()
                    piece = of_piece
                self._see(video.name, watcher, frame)
                progress.frame(frame.index, sum(self._events.values()))
                if not self.goes_on:
                    break
            self._finish(video.name, watcher.finish())
        count = self._frames - frames_before
        if count <= watcher.first_frame and self.goes_on:
            self._short.append(
                f"{video.name}: {count} frames, but the first {watcher.first_frame} of a"
                " source have no scores"
            )
        if video.problem:
            _tell(f"{video.name}: {video.problem}")

    def summary(self) -> str:
        """What was seen, in one line."""
        kinds = ", ".join(f"{self._events[kind]} {kind}" for kind in KIND_NAMES if self._events[kind])
        return f"{self._frames:,} frames, {sum(self._events.values())} events" + (
            f" ({kinds})" if kinds else ""
        )

    def tell_unscored_sources(self, count: int) -> None:
        """Lines for the sources, `count` in all, that were too short or could not be watched.

        UserError where nothing had a score.
        """
        lines = list(self._short)
        if self._unwatched:
            names = shortened([source.name for source in self._unwatched])
            lines.append(f"{len(self._unwatched)} of {count} sources could not be watched: {names}")
        if self._short and not self._scored:
            lines[: len(self._short)] = [f"{self._short[0]}; give a longer one"]
            raise UserError("; ".join(lines))
        if self._unwatched and not self._frames:
            raise UserError(f"{lines[-1]} (the first: {self._unwatched[0].reason})")
        for line in lines:
            _tell(line)

    def _pass_over(self, name: str, reason: str) -> None:
        unwatched = Unwatched(name, reason.removeprefix(f"{name}: "))
        self._unwatched.append(unwatched)
        _tell(f"{name}: {unwatched.reason}; it is passed over")
        for output in self._outputs:
            output.pass_over(unwatched)

    def _frames_of(self, source: str, video: Video, stack) -> Iterator[LiveFrame]:
        if not video.live:
            return pieces(video, self._config.watch.longest_gap, lambda line: _tell(f"{video.name}: {line}"))
        opened_again = functools.partial(open_video, name=video.name)
        live = stack.enter_context(
            Live(source, self._video_settings, video=video, tell=_tell, open=opened_again)
        )
        self._stop.on_request = live.close
        stack.callback(
            lambda: _tell(f"{live.name}: {live.dropped} frames dropped, {live.reconnections} reconnections")
        )
        return iter(live)

    def _watcher(self, video: Video) -> Watcher:
        """One for each frame size; a new one says what its threshold is worth.

        UserError for a size that cannot be watched.
        """
        if video.size in self._refused:
            raise self._refused[video.size]
        if video.size not in self._watchers:
            source_rate = video.rate or self._video_settings.frame_rate
            rate = min(self._video_settings.rate or source_rate, source_rate)
            try:
                watcher = Watcher(self._config, self._trained, *video.size, rate)
            except UserError as error:
                self._refused[video.size] = error
                raise
            self._watchers[video.size] = watcher
            print(watcher.threshold_in_words(), flush=True)
        return self._watchers[video.size]

    def _see(self, source: str, watcher: Watcher, frame) -> None:
        seen = watcher.see(frame)
        self._frames += 1
        self._scored += bool(seen.scores)
        if self._left is not None:
            self._left -= 1
        self._count(seen.changes)
        for output in self._outputs:
            output.frame(source, frame, seen)

    def _finish(self, source: str, changes: list[Change]) -> None:
        self._count(changes)
        for output in self._outputs:
            output.finish(source, changes)

    def _count(self, changes: list[Change]) -> None:
        self._events.update(change.event.kind for change in changes if change.what == "begin")


def _tell(line: str) -> None:
    print(printable_line(line), file=sys.stderr, flush=True)


class _Progress:
    """How far a source is watched."""

    def __init__(self, video: Video):
        self._video, self._progress = video, Progress(self._text)
        self._index, self._events = 0, 0
        self.end = self._progress.end

    def frame(self, index: int, events: int) -> None:
        """A frame of this number was watched, and so many events have begun in all."""
        self._index, self._events = index, events
        self._progress()

    def _text(self, progress: Progress) -> str:
        if progress.rate is None:  # the first frame, with the compilation
            return ""
        text = f"{self._video.name}: frame {self._index}, {progress.rate:.1f} frames a second"
        if self._video.expected_frames:
            seconds = (self._video.expected_frames - 1 - self._index) / max(progress.rate, 1e-9)
            text += f", {max(seconds, 0) / 60:.1f} min left"
        return f"{text}, {self._events} events"
