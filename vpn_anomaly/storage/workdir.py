"""The folder of a run: its name, the configs that may resume it, its results.

    DIR/config.json     the config with which the run was started
    DIR/results.json    the evaluation's results, written last (`storage/results_file.py`)
    DIR/report.html     the same as a page; before, how training goes (`train.report_every`)

A folder in which exported weights were evaluated has checkpoint.json, which identifies the weights,
instead of config.json: nothing is trained there.
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import tempfile
from collections.abc import Iterable, Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config as config_module
from vpn_anomaly import config_fields
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import json_reading
from vpn_anomaly.files.output_files import storing, write_atomically
from vpn_anomaly.storage import config_changes
from vpn_anomaly.text.display_names import display_name

RUNS = pathlib.Path("runs")
REPORT = "report.html"  # file name of the evaluation's page
MAX_NAME_LENGTH = 150  # characters of a run's name
CHECKPOINTS = "checkpoints"
_CONFIG, _CHECKPOINT = "config.json", "checkpoint.json"


def new_run(
    config_name: str, overrides: Mapping[str, object], now: datetime.datetime, runs: pathlib.Path = RUNS
) -> pathlib.Path:
    """The path of a new folder, named after the config, its overrides and the time."""
    parts = [config_name, *(f"{name}={display_name(str(value))}" for name, value in overrides.items())]
    described = re.sub(r"[^\w.=,+-]+", "-", "_".join(parts))
    if len(described) > MAX_NAME_LENGTH:
        digest = hashlib.sha256(described.encode()).hexdigest()[:8]
        described = f"{described[:MAX_NAME_LENGTH]}_{digest}"
    name = f"{described}_{now:%Y%m%d-%H%M%S}"
    directory, count = runs / name, 1
    while os.path.lexists(directory):
        count += 1
        directory = runs / f"{name}-{count}"
    return directory


def open_run(directory: pathlib.Path, config: ConfigDict) -> None:
    """Prepares the folder for training: a new run, or one that this config may resume.

    Raises UserError if the folder cannot be written, and as `check_run` does.
    """
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    check_run(directory, config)
    check_writable(directory)
    if not os.path.lexists(directory / _CONFIG):
        write_json(directory / _CONFIG, config_module.as_dict(config))


def check_run(directory: pathlib.Path, config: ConfigDict) -> None:
    """Raises UserError if the folder holds a run of another config, or anything but a run."""
    check_free(directory, config)
    stored = _stored_config(directory)
    if stored is not None:
        config_changes.check_same(stored, config, directory)


def check_free(directory: pathlib.Path, config: ConfigDict) -> None:
    """Raises UserError if the folder holds anything but a run (of any config)."""
    if os.path.lexists(directory / _CHECKPOINT):
        raise UserError(f"{directory} holds the evaluation of a checkpoint, not a run; use another --workdir")
    members = [str(directory / name) for name in config.detector.members]  # which are checked themselves
    foreign = _unexpected_entries(directory, [*members, *filter(None, [config.data.video.cache])])
    if foreign and _stored_config(directory) is None:
        raise UserError(
            f"{directory} is not empty and holds no run (there is {foreign[0]!r}); "
            "use a new or empty --workdir"
        )


def check_trained(directory: pathlib.Path) -> dict:
    """The stored config of the run in the folder. Raises UserError if there is none."""
    stored = _stored_config(directory)
    if stored is None:
        raise UserError(
            f"nothing was trained in {directory}; train first, with the same --config "
            "and --workdir and without --mode"
        )
    return stored


def open_trained(directory: pathlib.Path, config: ConfigDict) -> None:
    """Checks that the folder holds a run of this config, with which to evaluate, score or watch.

    Some of the members that were trained suffice. Raises UserError if nothing was trained there, or another
    config.
    """
    stored = check_trained(directory)
    config_changes.check_same(stored, config, directory, config_changes.chosen_members(stored, config))


def stored_field(directory: pathlib.Path, name: str) -> object | None:
    """The value of a field in the stored config of the run in the folder; None if there is no run.

    Raises UserError if the stored config cannot be read, or the value is not allowed for the field.
    """
    value = (stored_values(directory) or {}).get(name)
    if value is not None:
        try:
            config_module.check_value(config_fields.field_named(name), value)
        except UserError as error:
            raise UserError(f"{directory / _CONFIG}: {error}") from error
    return value


def stored_values(directory: pathlib.Path) -> dict[str, object] | None:
    """All values of the stored config of the run in the folder, by dotted name; None if there is no run.

    Raises UserError if the stored config cannot be read.
    """
    stored = _stored_config(directory)
    return None if stored is None else config_module.flat(stored)


def open_evaluation(directory: pathlib.Path, checksum: str, data_set: str = "") -> None:
    """Prepares the folder for evaluating an exported checkpoint, identified by its checksum.

    Args:
      data_set: the labelled set to evaluate on; empty: the data that it was trained for.

    Raises UserError if the folder cannot be written, or holds anything but such an evaluation.
    """
    mark = {"checkpoint": checksum, **({"data_set": data_set} if data_set else {})}
    path = directory / _CHECKPOINT
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        if _unexpected_entries(directory) and read_json(path) != mark:
            on = f" on {data_set}" if data_set else ""
            raise UserError(
                f"{directory} holds something other than an evaluation of this checkpoint{on}; "
                "use a new or empty --workdir"
            )
    check_writable(directory)
    write_json(path, mark)


def check_writable(directory: pathlib.Path) -> None:
    """Raises UserError if no file can be created in the folder. Leaves nothing behind."""
    with storing(directory), tempfile.TemporaryFile(dir=directory) as probe:
        probe.write(b"\0" * 4096)
        probe.flush()


def write_json(path: pathlib.Path, content: object) -> None:
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def _stored_config(directory: pathlib.Path) -> dict | None:
    """The config of the run in the folder: from config.json, or else from the checkpoints.

    None if there is neither. UserError if it cannot be read.
    """
    path = directory / _CONFIG
    try:
        return json_reading.read_object(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UserError(
            f"{path} cannot be read as a config: {reason}; put the right one back, or use another --workdir"
        ) from error
    if not os.path.isdir(directory / CHECKPOINTS):
        return None
    from vpn_anomaly.storage import checkpoints  # imported here because it imports JAX

    return checkpoints.stored_config(directory / CHECKPOINTS)


def _unexpected_entries(directory: pathlib.Path, expected: Iterable[str] = ()) -> list[str]:
    """The entries of the folder except hidden files, logs and the `expected` paths; sorted."""
    if not os.path.isdir(directory):
        return []
    ways = [pathlib.Path(os.path.realpath(path)) for path in expected]
    known = {str(part) for way in ways for part in (way, *way.parents)}
    with storing(directory):
        return sorted(
            name
            for name in os.listdir(directory)
            if not name.startswith(".")
            and not name.endswith(".log")
            and os.path.realpath(directory / name) not in known
        )


def read_json(path: pathlib.Path) -> dict | None:
    """The object in a JSON file; None if it is missing or unreadable."""
    try:
        return json_reading.read_object(path)
    except (OSError, ValueError):
        return None
