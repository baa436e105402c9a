"""What is asked for: by a command, or by a function of the library."""

import dataclasses
import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict

from vpn_anomaly.distributed.processes import Processes


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The parsed and checked command line; of a function of the library, its first fields.

    Attributes:
      config: the configuration, with overrides applied.
      config_name: used to name runs.
      checkpoint: the folder of an exported checkpoint, which includes the config; None with --config.
      overrides: the fields set by hand, by dotted name.
      workdir: the folder of the run; None if not given.
      mode: one of `modes.MODES`; None: train, then evaluate.
      inputs: a file, or the names of video sources; none for modes without.
      input_lists: the text files that these were listed in.
      at_once: whether the sources are watched at the same time, each with a report of its own.
      outputs: the files to write, by flag (`flag_rows.OUTPUTS`).
      max_frames: number of frames to watch, of all sources together; None: all.
      export_folder, export_format: to export to, and as what (`catalogue.EXPORT_FORMATS`); None: no export.
      receivers: the addresses that events are sent to, by flag, with their secrets.
      processes: those that do this together; None: this one alone.
      devices, device_gigabytes: how many devices to describe the memory of, and how much each has; None: those
        present.
    """

    config: ConfigDict
    config_name: str
    checkpoint: pathlib.Path | None = None
    overrides: Mapping[str, object] = dataclasses.field(default_factory=dict)
    workdir: pathlib.Path | None = None
    mode: str | None = None
    inputs: tuple[str, ...] = ()
    input_lists: tuple[str, ...] = ()
    at_once: bool = False
    outputs: Mapping[str, pathlib.Path] = dataclasses.field(default_factory=dict)
    max_frames: int | None = None
    export_folder: pathlib.Path | None = None
    export_format: str | None = None
    receivers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    processes: Processes | None = None
    devices: int | None = None
    device_gigabytes: float | None = None

    @property
    def run_folder(self) -> pathlib.Path:
        """`workdir`, for modes that require one."""
        assert self.workdir is not None
        return self.workdir

    @property
    def folder(self) -> pathlib.Path:
        """Of what was trained, for what needs that: of the run, or of exported weights."""
        return self.checkpoint or self.run_folder

    @property
    def source(self) -> str:
        """The input, for modes that require one."""
        (source,) = self.inputs
        return source

    @property
    def reports(self) -> tuple[pathlib.Path, ...]:
        """The files of --report: FILE.html, or of sources that are watched at once FILE-1.html, FILE-2.html, …"""
        if "report" not in self.outputs:
            return ()
        path = self.outputs["report"]
        if not self.at_once:
            return (path,)
        return tuple(path.with_stem(f"{path.stem}-{number}") for number in range(1, len(self.inputs) + 1))

    @property
    def files_written(self) -> dict[str, pathlib.Path]:
        """All output files, by the flag that names them."""
        others = {f"--{name}={path}": path for name, path in self.outputs.items() if name != "report"}
        return others | {f"--report={path}": path for path in self.reports}
