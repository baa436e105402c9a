"""A watch whose files are dealt to several processes: each writes what it finds, the first one joins it.

What others than the first write lies in a temporary folder of theirs until all have ended.
"""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence

from vpn_anomaly.data.video.open_video import open_video
from vpn_anomaly.data.video.sources import is_address, is_camera
from vpn_anomaly.distributed import group
from vpn_anomaly.distributed.sharing import gathered, own_part
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.report.watch_outputs import watch_outputs
from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.watching.build import MonitorBuilder
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.watch import watch

_TEXTS = ("scores", "events")  # the outputs with a row for each frame, or change


def watch_dealt(
    sources: Sequence[str],
    monitors: MonitorBuilder,
    paths: Mapping[str, pathlib.Path],
    model: Callable[[], Sequence[tuple[str, str]]],
) -> None:
    """Watches files, each process some of them; the first one's outputs then have what all have found.

    Args:
        sources: of all processes, checked (`check_dealt`).
        monitors: as for `watching.watch.watch`.
        paths: of the outputs, by flag.
        model: as for `watch_outputs`.

    UserError, in all processes, as `watch` raises it.
    """
    for sizes in group.by_first(lambda: _work_sizes(sources, monitors)):
        with contextlib.suppress(UserError):  # told where a source of these sizes is watched
            monitors.detector([tuple(size) for size in sizes])  # here, since all processes calibrate together
    with _own_files(paths) as own:
        outputs = watch_outputs(own, monitors.settings.video.frame_rate, model)
        own_sources = sources[own_part(len(sources))]

        def watch_own() -> None:
            with group.apart():
                watch(own_sources, monitors, outputs)

        group.by_all(watch_own)
        _join(own, outputs)


def _work_sizes(sources: Sequence[str], monitors: MonitorBuilder) -> list:
    """All sizes at which the members look at frames of these sources; what cannot be opened is passed over."""
    found = set()
    for source in sources:
        with contextlib.suppress(UserError), open_video(source, monitors.settings.video) as video:
            found.add(monitors.sizes(video.source_size))
    return sorted(found)


def check_dealt(sources: Sequence[str], max_frames: int | None, at_once: bool = False) -> None:
    """UserError for sources that cannot be dealt to processes, and for fewer of them than there are."""
    processes = group.current().count
    if at_once:
        raise UserError(
            f"several --input, or a list, are watched at once by one process; give {processes} processes one --input,"
            " a folder or a pattern"
        )
    for source in sources:
        if is_address(source) or is_camera(source) or _is_pipe(source):
            raise UserError(
                f"{processes} processes share files, not live sources; watch cameras with one process for each group"
            )
    if len(sources) < processes:
        raise UserError(f"{processes} processes for {len(sources)} files; start {len(sources)} at most")
    if max_frames is not None:
        raise UserError("--max_frames counts the frames of one process; leave it out, or watch with one")


@contextlib.contextmanager
def _own_files(paths: Mapping[str, pathlib.Path]) -> Iterator[dict[str, pathlib.Path]]:
    """The files that this process writes, by flag: of the first one those that are asked for."""
    if group.is_first():
        yield dict(paths)
        return
    with tempfile.TemporaryDirectory(prefix="vpn_anomaly-") as folder:
        yield {name: pathlib.Path(folder) / path.name for name, path in paths.items()}


def _join(own: Mapping[str, pathlib.Path], outputs: Sequence[Output]) -> None:
    """Adds what the other processes have written to the files of the first one, in the order of the sources.

    Args:
        own: the files of this process, closed.
        outputs: of this process, likewise.
    """
    texts = {name: own[name].read_bytes() for name in _TEXTS if name in own and own[name].exists()}
    reports = [output.collected for output in outputs if isinstance(output, WatchReport)]
    parts = gathered((texts, reports))

    def write() -> None:
        for name in _TEXTS:
            if name in own:
                headers = int(own[name].suffix == ".csv")  # lines
                written = [texts[name] for texts, _ in parts if name in texts]
                without = [text.split(b"\n", headers)[-1] for text in written[1:]]
                whole = b"".join([*written[:1], *without])
                output_files.write_atomically(own[name], lambda file, whole=whole: file.write(whole))
        for output in outputs:
            if isinstance(output, WatchReport):
                output.write([collected for _, reports in parts for collected in reports])

    group.by_first(write)


def _is_pipe(source: str) -> bool:
    return os.path.exists(source) and not (os.path.isfile(source) or os.path.isdir(source))
