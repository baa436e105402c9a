"""The sources of several --input flags: one each, or a text file of them (`@cameras.txt`)."""

import os
import pathlib
from collections.abc import Iterable, Sequence

from vpn_anomaly.data.video.sources import is_address, is_camera
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names
from vpn_anomaly.text.display_names import display_name

LIST = "@"  # what the name of a text file of sources begins with


def listed(where: str) -> list[str]:
    """The sources in a text file: one a line, without blank lines and those that begin with #.

    Paths are relative to the current folder, as on the command line. UserError for a file that cannot be read or
    names no source.
    """
    try:
        text = pathlib.Path(where).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file in UTF-8"
        raise UserError(
            f"--input={LIST}{where} cannot be read: {reason.lower()}; give a text file with a source a line"
        ) from error
    lines = [line.strip() for line in text.splitlines()]
    found = [file_names.expanded(line, f"{where}: ", False) for line in lines if line and line[0] != "#"]
    if not found:
        raise UserError(f"--input={LIST}{where}: no source in it; write one a line, such as rtsp://camera/1")
    return found


def all_sources(inputs: Iterable[str]) -> list[str]:
    """The values of --input with the files of sources replaced by what they list.

    UserError for a file that cannot be read or names no source, and for a source that is given twice.
    """
    found: dict[str, str] = {}
    for where in inputs:
        for source in listed(where.removeprefix(LIST)) if is_list(where) else [where]:
            key = source if is_address(source) or is_camera(source) else os.path.realpath(source)
            if key in found:
                raise UserError(f"--input={display_name(source)} is given twice; give every source once")
            found[key] = source
    return list(found.values())


def is_list(where: str) -> bool:
    """Whether a value of --input names a text file of sources."""
    return where.startswith(LIST)


def are_several(inputs: Sequence[str]) -> bool:
    """Whether these values of --input are sources to watch at once: more than one, or a list."""
    return len(inputs) > 1 or any(map(is_list, inputs))
