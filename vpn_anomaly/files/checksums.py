"""SHA-256 checksums of arrays, JSON and files, and the first item that no longer matches its checksum."""

import hashlib
import json
import pathlib
import types
from collections.abc import Mapping

import numpy as np

from vpn_anomaly.files import json_reading

LARGEST = 1e300  # absolute value of a number in a record


def of_json(content: object) -> str:
    """The checksum of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def with_checksum(record: Mapping[str, object]) -> dict[str, object]:
    """The record with its own checksum under the key `sha256`."""
    return {**record, "sha256": of_json(record)}


def record_problem(record: object, kinds: Mapping[str, type] = types.MappingProxyType({})) -> str | None:
    """What is wrong with a record made by `with_checksum`, in words; None if it matches its checksum.

    Args:
      kinds: the required keys, see `schema_problem`: a checksum says nothing about who made the record.
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
    """The first key that is missing or whose type differs from `kinds`, in words; None if there is none.

    Kinds are dict, list, str, int (an integer of 0 or more) and float (any number below LARGEST).
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
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return type(value) is kind
    if kind is float:
        return abs(value) < LARGEST  # false for NaN
    return type(value) is kind and value >= 0


def of_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """For every name: shape, dtype and the checksum of the array's bytes in C order."""
    return {
        name: {
            "shape": list(array.shape),
            "dtype": array.dtype.name,
            "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
        }
        for name, array in arrays.items()
    }


def array_problem(arrays: Mapping[str, np.ndarray], recorded: Mapping[str, dict]) -> str | None:
    """The first array that differs from its record, in words; None if all match."""
    found = of_arrays(arrays)
    for name in [*recorded, *found]:
        if found.get(name) != recorded.get(name):
            return f"array {name} differs from its checksum"
    return None


def of_files(folder: pathlib.Path) -> dict[str, dict]:
    """For every file below the folder, by relative path: its size in bytes and its checksum."""
    return {
        path.relative_to(folder).as_posix(): of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def of_file(path: pathlib.Path) -> dict[str, object]:
    """A file's size in bytes and its checksum."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def file_problem(folder: pathlib.Path, recorded: Mapping[str, dict]) -> str | None:
    """The first recorded file that is missing or differs, in words; None if all match."""
    for name, record in recorded.items():
        if not (folder / name).is_file():
            return f"file {name} is missing"
        found = of_file(folder / name)
        if found["bytes"] != record["bytes"]:
            return f"file {name} has {found['bytes']} of {record['bytes']} bytes"
        if found != record:
            return f"file {name} differs from its checksum"
    return None
