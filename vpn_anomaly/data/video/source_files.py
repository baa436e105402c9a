"""Which files a video source reads, and which new files it would read."""

import fnmatch
import glob
import os
import pathlib
from collections.abc import Iterator

from vpn_anomaly.data.video.sources import VIDEOS, image_files, is_address, is_camera, is_image, sources
from vpn_anomaly.errors import UserError

STANDARD_INPUT = ("-", "/dev/stdin")


def files_read(where: str) -> Iterator[pathlib.Path]:
    """The files that `sources(where)` are read from; none for non-files and refused sources."""
    if where in STANDARD_INPUT:
        yield pathlib.Path("/dev/stdin")
        return
    try:
        found = [] if is_address(where) or is_camera(where) else sources(where)
        for source in found:
            yield from image_files(source) or [pathlib.Path(source)]
    except UserError:  # reported when the source is opened
        return


def would_read(where: str, path: pathlib.Path) -> bool:
    """Whether `sources(where)` would also read a new file of this name. Its folder has to exist."""
    if where in STANDARD_INPUT or "://" in where or is_camera(where):
        return False
    if path.name.startswith(".") or path.name == "Thumbs.db":
        return False
    seen = is_footage(path)
    if os.path.isdir(where):
        return seen and is_same_file(where, path.parent)
    if os.path.exists(where) or not glob.has_magic(where):
        return False
    matches = glob.glob(where, recursive=True)
    if seen and any(is_same_file(match, path.parent) for match in matches):
        return True
    return _matches(where, path) and (seen or not any(map(_is_seen, matches)))


def check_cache(where: str, folder: pathlib.Path) -> None:
    """Raises UserError if decoded frames (.npy) in the folder would be read as footage the next time."""
    if would_read(where, folder / "frames.npy"):
        raise UserError(
            f"data.video.cache={folder} is where data.path={where} looks for footage, and would"
            " find the decoded frames there the next time; give another folder"
        )


def is_footage(path: pathlib.Path) -> bool:
    """Whether the file's extension makes it footage when folders and patterns are searched."""
    return is_image(path) or path.suffix.lower() in VIDEOS


def is_same_file(first: str | os.PathLike, second: str | os.PathLike) -> bool:
    """Whether both names refer to the same existing file or folder."""
    try:
        return os.path.samefile(first, second)
    except (OSError, ValueError):
        return False


def _is_seen(match: str) -> bool:
    return is_footage(pathlib.Path(match)) and not os.path.isdir(match)


def _matches(pattern: str, path: pathlib.Path) -> bool:
    """Whether glob would find the path, whose folder exists."""
    head, last = os.path.split(pattern)
    if last == "**":  # everything below
        folders = _with_its_own(pattern)
    elif fnmatch.fnmatch(path.name, last):
        folders = _with_its_own(head) if head else ["."]
    else:
        return False
    return any(is_same_file(folder, path.parent) for folder in folders)


def _with_its_own(pattern: str) -> list[str]:
    """The results of glob; for ** including its own folder, which glob omits if that is "."."""
    head, last = os.path.split(pattern)
    return glob.glob(pattern, recursive=True) + ([head or "."] if last == "**" else [])
