"""SHA-256 sums of arrays, JSON and files, and the first thing that no longer agrees with them."""

import hashlib
import json
import pathlib
from collections.abc import Mapping

import numpy as np


def of_json(content: object) -> str:
    """The sum of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def of_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """For every name: shape, dtype and the sum of the array's bytes in C order."""
    return {
        name: {
            "shape": list(array.shape),
            "dtype": array.dtype.name,
            "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
        }
        for name, array in arrays.items()
    }


def damaged_array(arrays: Mapping[str, np.ndarray], recorded: Mapping[str, dict]) -> str | None:
    """What the first array is that differs from its record, in words; None where all agree."""
    found = of_arrays(arrays)
    for name in [*recorded, *found]:
        if found.get(name) != recorded.get(name):
            return f"array {name} differs from its checksum"
    return None


def of_files(folder: pathlib.Path) -> dict[str, dict]:
    """For the relative name of every file below the folder: its size in bytes and its sum."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            sums[path.relative_to(folder).as_posix()] = {
                "bytes": path.stat().st_size, "sha256": digest}
    return sums


def damaged_file(folder: pathlib.Path, recorded: Mapping[str, dict]) -> str | None:
    """What the first recorded file is that is gone or differs, in words; None where all agree."""
    found = of_files(folder)
    for name, record in recorded.items():
        if name not in found:
            return f"file {name} is missing"
        if found[name]["bytes"] != record["bytes"]:
            return f"file {name} has {found[name]['bytes']} of {record['bytes']} bytes"
        if found[name] != record:
            return f"file {name} differs from its checksum"
    return None
