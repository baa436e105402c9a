"""Watches sources, frame by frame; what is found goes to outputs."""

import contextlib
from collections.abc import Sequence

from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.text.display_names import display_names
from vpn_anomaly.text.telling import tell
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.session import Session
from vpn_anomaly.watching.tally import Tally
from vpn_anomaly.watching.together import Together


def watch(
    sources: Sequence[str],
    monitors: MonitorBuilder,
    outputs: Sequence[Output],
    max_frames: int | None = None,
    at_once: bool = False,
) -> None:
    """Watches the sources; ends at SIGTERM or `max_frames`.

    A source that breaks gives one line, and what was found until then is kept; one of several sources
    that cannot be watched is skipped with a line.

    Args:
        sources: videos, folders, cameras or addresses, as `data.video.sources.sources` lists them.
        monitors: makes those of the sources.
        outputs: entered here, and closed at the end.
        max_frames: of all sources together.
        at_once: whether all are watched at the same time (`Together`), or one after the other.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when all files are closed.
        UserError: where no source can be opened, is long enough for a score and has thresholds; for
            an output that cannot be written.
    """
    names = display_names(sources)
    with StopRequest() as stop, contextlib.ExitStack() as stack:
        for output in outputs:
            stack.enter_context(output)
        tally = Tally(outputs, max_frames, stop)
        if at_once:
            Together(monitors, tally).watch(sources, names)
        else:
            session = Session(monitors, tally, stop)
            for source, name in zip(sources, names, strict=True):
                if tally.goes_on:
                    session.watch(source, name, alone=len(sources) == 1)
        tell(tally.summary())
    if stop.interrupted:
        raise KeyboardInterrupt
    tally.report_unscored_sources(len(sources))
