"""The flags of the command line, a row each: what modes take it, its type, what --help says of it.

Those of config fields, --config.FIELD=VALUE, follow from `config_fields`.
"""

import dataclasses

from vpn_anomaly.catalogue import EXPORT_FORMATS
from vpn_anomaly.distributed.processes import TIMEOUT, TIMEOUT_OF_CLUSTER
from vpn_anomaly.watching.senders.addresses import PASSWORD


@dataclasses.dataclass(frozen=True)
class Flag:
    """A flag.

    Attributes:
        name: without dashes.
        value: what stands for its value in --help; empty: it has none.
        meaning: for --help.
        modes: that take it; empty: every one.
        kind: of its value: str, int, float, bool.
        several: whether it may be given several times.
        low, high: the range of numbers.
        suffixes: of a file that it writes, the names of allowed formats; empty: it writes none.
    """

    name: str
    value: str
    meaning: str
    modes: tuple[str, ...] = ()
    kind: type = str
    several: bool = False
    low: float | None = None
    high: float | None = None
    suffixes: tuple[str, ...] = ()

    def taken_by(self, mode: str | None) -> bool:
        """Whether the mode takes it; None: training and evaluation."""
        return not self.modes or mode in self.modes


_WATCH, _SCORE, _EXPORT, _DESCRIBE = ("watch",), ("score",), ("export",), ("describe",)

FLAGS = (
    Flag("config", "NAME[:VARIANT]",
         "{configs}, or a file FILE.py[:VARIANT] of your own; the variant `debug` shrinks any of them to a minute or"
         " less"),
    Flag("checkpoint", "FOLDER",
         "instead of --config: what was trained, with its config: a run, exported weights, or `pretrained`, the"
         " weights in the package, or (to score and watch) an export",
         ("evaluate", "score", "watch", "export", "describe")),
    Flag("workdir", "FOLDER", "folder of the run; default: a new folder under runs/",
         ("train", "evaluate", "score", "watch", "export", "describe")),
    Flag("mode", "MODE", "{modes}; default: train, then evaluate"),
    Flag("input", "FILE",
         ".npz or .npy of uint8 sequences (N, T, H, W[, C]); `sample`: 16 sequences that come with the"
         " package, 8 of them corrupted", _SCORE, several=True),
    Flag("input", "SOURCE",
         "a video file, 'pattern', folder of images or videos, .npy of frames (T, H, W[, C]), camera:0, or"
         " rtsp://, http://, udp://, tcp://; a named pipe, or - for a video on standard input; given several times:"
         " all are watched at once; @FILE: the same from a text file, a source a line (# begins a comment)",
         _WATCH, several=True),
    Flag("output", "FILE", ".csv or .jsonl, one row per sequence; default: CSV on standard output", _SCORE,
         suffixes=(".csv", ".jsonl")),
    Flag("output", "FOLDER", "new or empty: programs, calibration, about.json and a loader", _EXPORT),
    Flag("format", "FORMAT", f"{' or '.join(EXPORT_FORMATS)}; default: {EXPORT_FORMATS[0]}", _EXPORT),
    Flag("maps", "FILE", ".npz of the maps of every sequence; optional", _SCORE, suffixes=(".npz",)),
    Flag("scores", "FILE", ".csv or .jsonl, one row per frame", _WATCH, suffixes=(".csv", ".jsonl")),
    Flag("events", "FILE", ".jsonl, a line when an event begins, changes or ends", _WATCH,
         suffixes=(".jsonl",)),
    Flag("video", "FILE", ".mp4 or .mkv, the frames with map and events", _WATCH,
         suffixes=(".mp4", ".mkv")),
    Flag("report", "FILE",
         ".html, one page: events with pictures, scores over time; of sources that are watched at once one"
         " page each: FILE-1.html, FILE-2.html, … in their order", _WATCH, suffixes=(".html",)),
    Flag("webhook", "URL",
         "an http:// or https:// address, to which events are posted as JSON, a line of --events and the time each;"
         " tried again until it answers 2xx", _WATCH),
    Flag("mqtt", "ADDRESS",
         "mqtt://[USER@]HOST[:PORT]/PREFIX, a broker, mqtts:// with TLS, to which events are published below PREFIX,"
         " and announced to Home Assistant; needs 'vpn_anomaly[mqtt]'; the password is in the environment variable"
         f" {PASSWORD}", _WATCH),
    Flag("max_frames", "N", "end after this many frames, of all sources together", _WATCH, int, low=1),
    Flag("devices", "N",
         "the memory of one of N devices, estimated without compiling; default: the devices present",
         _DESCRIBE, int, low=1),
    Flag("device_gigabytes", "G", "whether G GB of memory each suffice", _DESCRIBE, float, low=1e-3,
         high=1e6),
    Flag("coordinator", "HOST:PORT",
         "several processes, on one machine or on many, do it together: the same command for each, with"
         " --process_count=N and its own --process_index=I, 0 to N - 1; HOST:PORT is of process 0. All have to see"
         " one --workdir"),
    Flag("process_count", "N", "how many there are", kind=int, low=1),
    Flag("process_index", "I", "which one this is", kind=int, low=0),
    Flag("distributed", "", "the same where JAX finds the processes by itself: TPU pods, SLURM, Open MPI",
         kind=bool),
    Flag("coordinator_timeout", "S",
         f"seconds within which all have to come; default: {TIMEOUT:g}, of --distributed {TIMEOUT_OF_CLUSTER:g}",
         kind=float, low=1.0),
    Flag("debug", "", "show the traceback of an error", kind=bool),
)  # fmt: skip


def names() -> tuple[str, ...]:
    """Of all flags, in their order."""
    return tuple(dict.fromkeys(flag.name for flag in FLAGS))


OUTPUTS = tuple(flag for flag in FLAGS if flag.suffixes)  # those that name files to write


def modes_of(name: str) -> tuple[str, ...]:
    """That take a flag; empty: every one."""
    return tuple(mode for flag in FLAGS if flag.name == name for mode in flag.modes)


def suffixes_of(name: str, mode: str | None) -> tuple[str, ...]:
    """Of the files that a mode writes by a flag."""
    return next(flag.suffixes for flag in FLAGS if flag.name == name and flag.taken_by(mode))
