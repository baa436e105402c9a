"""All that a watch can write, by the names of the flags that ask for it."""

import pathlib
from collections.abc import Callable, Mapping, Sequence

from vpn_anomaly.report.annotated_video import VideoOutput
from vpn_anomaly.report.report_pages import ReportPages
from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.watching.event_log import EventOutput
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.score_log import ScoreOutput


def watch_outputs(
    paths: Mapping[str, pathlib.Path],
    frame_rate: float,
    model: Callable[[], Sequence[tuple[str, str]]],
    pages: Mapping[str, pathlib.Path] | None = None,
) -> list[Output]:
    """The outputs that have a path: `scores`, `events`, `video`, `report`; each opens its file when needed.

    Args:
      frame_rate: frames per second, about, of the video.
      model: gives (name, value) of what the report says of the model; called if there is a report.
      pages: by name of the source, the report of each; None: there is one of all.

    UserError for a report that cannot be written.
    """
    build = {
        "scores": ScoreOutput,
        "events": EventOutput,
        "video": lambda path: VideoOutput(path, frame_rate),
        "report": lambda path: WatchReport(path, model()) if pages is None else ReportPages(pages, model()),
    }
    return [build[name](paths[name]) for name in build if name in paths]
