"""A watch whose files are dealt to several processes: each writes what it finds, the first one joins it.

What others than the first write lies in a temporary folder of theirs until all have ended.
"""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence

from vpn_anomaly.data.video.sources import is_address, is_camera
from vpn_anomaly.distributed import group
from vpn_anomaly.distributed.sharing import gathered
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.report.watch_report import WatchReport
from vpn_anomaly.watching.output import Output

_HEADERS = {"scores": {".csv": 1, ".jsonl": 0}, "events": {".jsonl": 0}}  # lines, by flag and ending


def check_dealt(sources: Sequence[str], max_frames: int | None) -> None:
    """UserError for sources that cannot be dealt to processes, and for fewer of them than there are."""
    processes = group.current().count
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
def own_files(paths: Mapping[str, pathlib.Path]) -> Iterator[dict[str, pathlib.Path]]:
    """The files that this process writes, by flag: of the first one those that are asked for."""
    if group.is_first():
        yield dict(paths)
        return
    with tempfile.TemporaryDirectory(prefix="vpn_anomaly-") as folder:
        yield {name: pathlib.Path(folder) / path.name for name, path in paths.items()}


def join(own: Mapping[str, pathlib.Path], outputs: Sequence[Output]) -> None:
    """Adds what the other processes have written to the files of the first one, in the order of the sources.

    Args:
        own: the files of this process, closed.
        outputs: of this process, likewise.
    """
    texts = {name: own[name].read_bytes() for name in _HEADERS if name in own and own[name].exists()}
    reports = [output.collected for output in outputs if isinstance(output, WatchReport)]
    parts = gathered((texts, reports))

    def write() -> None:
        for name, headers in _HEADERS.items():
            if name in own:
                written = [texts[name] for texts, _ in parts if name in texts]
                without = [text.split(b"\n", headers[own[name].suffix])[-1] for text in written[1:]]
                whole = b"".join([*written[:1], *without])
                output_files.write_atomically(own[name], lambda file, whole=whole: file.write(whole))
        for output in outputs:
            if isinstance(output, WatchReport):
                output.write([collected for _, reports in parts for collected in reports])

    group.by_first(write)


def _is_pipe(source: str) -> bool:
    return os.path.exists(source) and not (os.path.isfile(source) or os.path.isdir(source))
