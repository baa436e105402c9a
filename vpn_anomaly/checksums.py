"""SHA-256 sums of arrays, JSON and files, and the first thing that no longer agrees with them."""

import hashlib
import json
import pathlib
from collections.abc import Mapping

import numpy as np


def of_json(content: object) -> str:
    """The sum of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def sealed(record: Mapping[str, object]) -> dict[str, object]:
    """The record with its own sum, as `sha256`."""
    return {**record, "sha256": of_json(record)}


def damaged_record(record: object) -> str | None:
    """What is wrong with a sealed record, in words; None where it agrees with its sum."""
    if not isinstance(record, dict) or "sha256" not in record:
        return "its metadata is incomplete"
    content = {key: value for key, value in record.items() if key != "sha256"}
    if of_json(content) != record["sha256"]:
        return "its metadata differs from its checksum"
    return None


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
    return {path.relative_to(folder).as_posix(): of_file(path)
            for path in sorted(folder.rglob("*")) if path.is_file()}


def of_file(path: pathlib.Path) -> dict[str, object]:
    """A file's size in bytes and its sum."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def damaged_file(folder: pathlib.Path, recorded: Mapping[str, dict]) -> str | None:
    """What the first recorded file is that is gone or differs, in words; None where all agree."""
    for name, record in recorded.items():
        if not (folder / name).is_file():
            return f"file {name} is missing"
        found = of_file(folder / name)
        if found["bytes"] != record["bytes"]:
            return f"file {name} has {found['bytes']} of {record['bytes']} bytes"
        if found != record:
            return f"file {name} differs from its checksum"
    return None
