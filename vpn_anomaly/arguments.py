"""What a command line asks for, once it is checked."""

import dataclasses
import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What the command line asks for.

    Attributes:
      config: its values.
      config_name: what runs are named after.
      checkpoint: the folder of an exported checkpoint, which brought the config; None with --config.
      overrides: the fields that the command line sets, by dotted name.
      workdir: the folder of the run; None: not given.
      mode: one of `modes.MODES`; None: train, then evaluate.
      input: a file, or whatever names a video.
      outputs: the files to write, by flag (`command_line.OUTPUTS`).
      max_frames: to watch; None: all.
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

    @property
    def run_folder(self) -> pathlib.Path:
        """`workdir`, where the command line has been checked to give one."""
        assert self.workdir is not None
        return self.workdir

    @property
    def source(self) -> str:
        """`input`, where the command line has been checked to give one."""
        assert self.input is not None
        return self.input
