"""The parsed and checked command line."""

import dataclasses
import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict

from vpn_anomaly.distributed.processes import Processes


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The parsed and checked command line.

    Attributes:
      config: the configuration, with overrides applied.
      config_name: used to name runs.
      checkpoint: the folder of an exported checkpoint, which includes the config; None with --config.
      overrides: the fields set on the command line, by dotted name.
      workdir: the folder of the run; None if not given.
      mode: one of `modes.MODES`; None: train, then evaluate.
      input: a file, or the name of a video source.
      outputs: the files to write, by flag (`command_line.OUTPUTS`).
      max_frames: number of frames to watch; None: all.
      processes: those that do this together; None: this one alone.
      devices, device_gigabytes: how many devices to describe the memory of, and how much each has; None: those
        present.
    """

    config: ConfigDict
    config_name: str
    checkpoint: pathlib.Path | None
    overrides: Mapping[str, object]
    workdir: pathlib.Path | None
    mode: str | None
    input: str | None
    outputs: Mapping[str, pathlib.Path]
    max_frames: int | None
    processes: Processes | None = None
    devices: int | None = None
    device_gigabytes: float | None = None

    @property
    def run_folder(self) -> pathlib.Path:
        """`workdir`, for modes that require one."""
        assert self.workdir is not None
        return self.workdir

    @property
    def source(self) -> str:
        """`input`, for modes that require one."""
        assert self.input is not None
        return self.input
