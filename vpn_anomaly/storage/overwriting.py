"""No output replaces or joins what the same command reads: footage, weights, its own config.

check_kept({"--video=out/v.mp4": path}, [Footage("--input=solo", "solo"), Files("--zones", ["z.png"])])
"""

import dataclasses
import itertools
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ml_collections import ConfigDict

from vpn_anomaly.arguments import Arguments
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.data.video.source_files import files_read, is_footage, is_same_file, would_read
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Files:
    """Files that are read, whether they are there or not. `told`: the flag that names them."""

    told: str
    paths: Sequence[str | os.PathLike]

    def files(self) -> Iterable[str | os.PathLike]:
        return self.paths

    def would_read(self, path: pathlib.Path) -> bool:
        return any(os.path.realpath(one) == os.path.realpath(path) for one in self.paths)


@dataclasses.dataclass(frozen=True)
class Footage:
    """What a path, pattern, folder or address of footage names (data/video/sources.py)."""

    told: str
    where: str

    def files(self) -> Iterable[pathlib.Path]:
        return files_read(self.where)

    def would_read(self, path: pathlib.Path) -> bool:
        return would_read(self.where, path) or os.path.realpath(self.where) == os.path.realpath(path)


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder of which every file may be read, those of folders inside too: a labelled set."""

    told: str
    where: str | os.PathLike

    def files(self) -> Iterator[str]:
        """Of folders that links lead to too, each once."""
        seen, waiting = set(), [os.fspath(self.where)]
        while waiting:
            folder = waiting.pop()
            if (identity := _identity(folder)) in seen:
                continue
            seen.add(identity)
            try:
                entries = list(os.scandir(folder))
            except OSError:  # whoever reads it tells
                continue
            waiting.extend(entry.path for entry in entries if entry.is_dir())
            yield from (entry.path for entry in entries if not entry.is_dir())

    def would_read(self, path: pathlib.Path) -> bool:
        return is_footage(path) and any(is_same_file(parent, self.where) for parent in path.parents)


Source = Files | Footage | Folder


def check_kept(outputs: Mapping[str, pathlib.Path], read: Iterable[Source]) -> None:
    """Compares the outputs, by the flag that names them, with what is read, and with each other.

    Links count as what they lead to. UserError where two outputs are one file, where one is there and
    is read, or is new and would be read by the same names the next time.
    """
    for (first, path), (second, other) in itertools.combinations(outputs.items(), 2):
        if os.path.realpath(path) == os.path.realpath(other) or is_same_file(path, other):
            raise UserError(f"{first} and {second} are one file; give different files")
    identities = {told: identity for told, path in outputs.items() if (identity := _identity(path))}
    for one in read:
        found = set(map(_identity, one.files())) if identities else set()
        for told, path in outputs.items():
            if told in identities and identities[told] in found:
                raise UserError(
                    f"{told} is a file that {one.told} reads; these have to be different files:"
                    " write elsewhere"
                )
            if one.would_read(pathlib.Path(path)) or one.would_read(pathlib.Path(os.path.realpath(path))):
                raise UserError(
                    f"{told} would be read by {one.told} the next time; these have to be"
                    " different files: write to another folder"
                )


def check_command(arguments: Arguments, config_file: str | None) -> None:
    """`check_kept` of all that a command reads: its input, config, weights, and what they are made of.

    config_file: FILE[:VARIANT], if there is one.
    """
    if not arguments.outputs:
        return
    told, where = f"--input={arguments.input}", arguments.input or ""
    read: list[Source] = [Footage(told, where) if arguments.mode == "watch" else Files(told, [where])]
    if config_file:
        read.append(Files(f"--config={config_file}", [config_file.partition(":")[0]]))
    read += [*weights(arguments.workdir, arguments.checkpoint), *_of_config(arguments.config)]
    check_kept({f"--{name}={path}": path for name, path in arguments.outputs.items()}, read)


def _of_config(config: ConfigDict) -> list[Source]:
    """What fields of the config name: the data of the training, glyphs, zones."""
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
    """The files of a run, and of an exported checkpoint."""
    read: list[Source] = []
    if workdir is not None:
        told = f"--workdir={workdir}"
        read += [Files(told, [workdir / "config.json"]), Folder(told, workdir / "checkpoints")]
    if checkpoint is not None:
        # storage/exported_weights.py and storage/calibration_file.py say what is in it; they are slow to import.
        names = ("about.json", "weights.npz", "calibration.npz", "watch_calibration.npz")
        read.append(Files(f"--checkpoint={checkpoint}", [checkpoint / name for name in names]))
    return read


def _identity(path: str | os.PathLike) -> tuple[int, int] | None:
    """By which a file is known under all its names; None: there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
