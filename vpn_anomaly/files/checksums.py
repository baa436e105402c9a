"""SHA-256 sums of arrays, JSON and files, and the first thing that no longer agrees with them."""

import hashlib
import json
import pathlib
import types
from collections.abc import Mapping

import numpy as np

from vpn_anomaly.files import json_reading

LARGEST = 1e300  # number in a record


def of_json(content: object) -> str:
    """The sum of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def with_checksum(record: Mapping[str, object]) -> dict[str, object]:
    """The record with its own sum, as `sha256`."""
    return {**record, "sha256": of_json(record)}


def record_problem(record: object, kinds: Mapping[str, type] = types.MappingProxyType({})) -> str | None:
    """What is wrong with a sealed record, in words; None where it agrees with its sum.

    Args:
      kinds: what it has to have, see `schema_problem`: a sum says nothing of who made it.
    """
    if not isinstance(record, dict) or "sha256" not in record:
        return "its metadata is incomplete"
    content = {key: value for key, value in record.items() if key != "sha256"}
    try:
        json_reading.check_depth(content)
    except ValueError as error:
        return f"its metadata is {error}"
    if of_json(content) != record["sha256"]:
        return "its metadata differs from its checksum"
    return schema_problem(content, kinds)


def schema_problem(content: object, kinds: Mapping[str, type]) -> str | None:
    """The first key that is missing or of another kind than in `kinds`, in words; None: all are there.

    Kinds are dict, list, str, int (a whole number, 0 or more) and float (any number that a float holds).
    """
    if not isinstance(content, dict):
        return "its metadata is incomplete"
    for key, kind in kinds.items():
        if key not in content:
            return f"its metadata has no {key!r}"
        if not _is_a(content[key], kind):
            return f"{key!r} of its metadata is not {_KINDS[kind]}"
    return None


_KINDS = {dict: "an object", list: "a list", str: "text", int: "a whole number", float: "a number"}


def _is_a(value: object, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float) and abs(value) < LARGEST  # NaN is not
    return type(value) is kind and (kind is not int or value >= 0)


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


def array_problem(arrays: Mapping[str, np.ndarray], recorded: Mapping[str, dict]) -> str | None:
    """What the first array is that differs from its record, in words; None where all agree."""
    found = of_arrays(arrays)
    for name in [*recorded, *found]:
        if found.get(name) != recorded.get(name):
            return f"array {name} differs from its checksum"
    return None


def of_files(folder: pathlib.Path) -> dict[str, dict]:
    """For the relative name of every file below the folder: its size in bytes and its sum."""
    return {
        path.relative_to(folder).as_posix(): of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def of_file(path: pathlib.Path) -> dict[str, object]:
    """A file's size in bytes and its sum."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def file_problem(folder: pathlib.Path, recorded: Mapping[str, dict]) -> str | None:
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
