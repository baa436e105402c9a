"""Watches sources, frame by frame; what is found goes to outputs."""

import contextlib
from collections.abc import Sequence

from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.text.display_names import display_names
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.session import Session


def watch(
    sources: Sequence[str],
    monitors: MonitorBuilder,
    outputs: Sequence[Output],
    max_frames: int | None = None,
) -> None:
    """Watches the sources, one after the other; ends at SIGTERM or `max_frames`.

    A source that breaks gives one line, and what was found until then is kept; one of several sources
    that cannot be watched is skipped with a line.

    Args:
        sources: videos, folders, cameras or addresses, as `data.video.sources.sources` lists them.
        monitors: makes those of the sources.
        outputs: entered here, and closed at the end.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when all files are closed.
        UserError: where no source can be opened, is long enough for a score and has thresholds; for
            an output that cannot be written.
    """
    with StopRequest() as stop, contextlib.ExitStack() as stack:
        for output in outputs:
            stack.enter_context(output)
        session = Session(monitors, outputs, max_frames, stop)
        for source, name in zip(sources, display_names(sources), strict=True):
            if session.goes_on:
                session.watch(source, name, alone=len(sources) == 1)
        print(session.summary(), flush=True)
    if stop.interrupted:
        raise KeyboardInterrupt
    session.report_unscored_sources(len(sources))
