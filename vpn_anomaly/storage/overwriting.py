"""Checks that no output overwrites or is added to the inputs of the same command (footage, weights, config).

check_not_overwritten({"--video=out/v.mp4": path}, [Footage("--input=solo", "solo"), Files("--zones", ["z.png"])])
"""

import dataclasses
import itertools
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ml_collections import ConfigDict

from vpn_anomaly import config_files
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.data.video.source_files import files_read, is_footage, is_same_file, would_read
from vpn_anomaly.data.video.source_list import LIST
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import MEMBERS
from vpn_anomaly.text.display_names import display_name


@dataclasses.dataclass(frozen=True)
class Files:
    """Files to be read, whether or not they exist. `flag`: the flag that names them."""

    flag: str
    paths: Sequence[str | os.PathLike]

    def files(self) -> Iterable[str | os.PathLike]:
        return self.paths

    def would_read(self, path: pathlib.Path) -> bool:
        return any(os.path.realpath(one) == os.path.realpath(path) for one in self.paths)


@dataclasses.dataclass(frozen=True)
class Footage:
    """Footage named by a path, pattern, folder or address (data/video/sources.py)."""

    flag: str
    where: str

    def files(self) -> Iterable[pathlib.Path]:
        return files_read(self.where)

    def would_read(self, path: pathlib.Path) -> bool:
        return would_read(self.where, path) or os.path.realpath(self.where) == os.path.realpath(path)


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder of which any file may be read, including those in subfolders: a labelled set."""

    flag: str
    where: str | os.PathLike

    def files(self) -> Iterator[str]:
        """All files, following links to folders, each folder once."""
        seen, waiting = set(), [os.fspath(self.where)]
        while waiting:
            folder = waiting.pop()
            if (identity := _identity(folder)) in seen:
                continue
            seen.add(identity)
            try:
                entries = list(os.scandir(folder))
            except OSError:  # reported when the data are read
                continue
            waiting.extend(entry.path for entry in entries if entry.is_dir())
            yield from (entry.path for entry in entries if not entry.is_dir())

    def would_read(self, path: pathlib.Path) -> bool:
        return is_footage(path) and any(is_same_file(parent, self.where) for parent in path.parents)


Source = Files | Footage | Folder


def check_not_overwritten(outputs: Mapping[str, pathlib.Path], read: Iterable[Source]) -> None:
    """Compares the outputs, by the flag that names them, with the inputs and with each other.

    Links are resolved. UserError if two outputs are the same file, if an existing output is also an
    input, or if a new output would be among the inputs the next time.
    """
    for (first, path), (second, other) in itertools.combinations(outputs.items(), 2):
        if os.path.realpath(path) == os.path.realpath(other) or is_same_file(path, other):
            raise UserError(f"{first} and {second} are the same file; give different files")
    identities = {flag: identity for flag, path in outputs.items() if (identity := _identity(path))}
    for one in read:
        found = set(map(_identity, one.files())) if identities else set()
        for flag, path in outputs.items():
            if flag in identities and identities[flag] in found:
                raise UserError(
                    f"{flag} is a file that {one.flag} reads; these have to be different files:"
                    " write elsewhere"
                )
            if one.would_read(pathlib.Path(path)) or one.would_read(pathlib.Path(os.path.realpath(path))):
                raise UserError(
                    f"{flag} would be read by {one.flag} the next time; these have to be"
                    " different files: write to another folder"
                )


def check_command(arguments: Arguments, config_file: str | None) -> None:
    """`check_not_overwritten` for everything a command reads: its input, config, weights, and the data they name.

    config_file: FILE[:VARIANT], if given.
    """
    if not arguments.outputs:
        return
    kind = Footage if arguments.mode == "watch" else lambda flag, where: Files(flag, [where])
    read: list[Source] = [kind(f"--input={display_name(where)}", where) for where in arguments.inputs]
    read += [Files(f"--input={where}", [where.removeprefix(LIST)]) for where in arguments.input_lists]
    if config_file:
        read.append(Files(f"--config={config_file}", [config_files.file_of(config_file)]))
    read += [*weights(arguments.workdir, arguments.checkpoint), *_of_config(arguments.config)]
    check_not_overwritten(arguments.files_written, read)


def _of_config(config: ConfigDict) -> list[Source]:
    """The inputs named by config fields: training data, glyphs, zones."""
    data, zones = config.data, config.watch.zones
    read: list[Source] = [
        Files(f"--config.data.digits={data.digits}", [data.digits]),
        Files(f"--config.watch.zones={zones}", [zones] if zones else []),
    ]
    if data.path:
        kind = Folder if data.source in LABELLED_SOURCES else Footage
        read.append(kind(f"--config.data.path={data.path}", data.path))
    return read


def weights(workdir: pathlib.Path | None, checkpoint: pathlib.Path | None) -> list[Source]:
    """The files of a run, and of an exported checkpoint, and of their members."""
    read: list[Source] = []
    if workdir is not None:
        flag = f"--workdir={workdir}"
        for folder in _with_members(workdir):
            read += [Files(flag, [folder / "config.json"]), Folder(flag, folder / "checkpoints")]
    if checkpoint is not None:
        # as in storage/exported_weights.py and storage/calibration_file.py, which are slow to import
        names = ("about.json", "weights.npz", "calibration.npz", "watch_calibration.npz")
        paths = [folder / name for folder in _with_members(checkpoint) for name in names]
        read.append(Files(f"--checkpoint={checkpoint}", paths))
    return read


def _with_members(folder: pathlib.Path) -> list[pathlib.Path]:
    return [folder, *(folder / row.name for row in MEMBERS)]


def _identity(path: str | os.PathLike) -> tuple[int, int] | None:
    """Device and inode, which identify a file under any name; None if it does not exist."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
