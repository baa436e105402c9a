"""Where a run lives: its name, which config may go on in it, its results.

    DIR/config.json     the config that the run was started with
    DIR/results.json    what evaluation found, written last (`storage/results_file.py`)
    DIR/report.html     the same to look at

A folder where weights from elsewhere were evaluated has checkpoint.json, which says which, instead
of config.json: nothing is trained there.
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
from vpn_anomaly.text.display_names import display_name

RUNS = pathlib.Path("runs")
REPORT = "report.html"  # of an evaluation, in its folder
LONGEST_NAME = 150  # characters of a run's name
CHECKPOINTS = "checkpoints"
_CONFIG, _CHECKPOINT = "config.json", "checkpoint.json"
# What may change between training and evaluation: sections, and what a file may take.
FREE_SECTIONS = ("evaluate.", "score.", "watch.", "data.video.max_gigabytes")
DATA_SET_FIELDS = ("data.source", "data.path", "data.video.")  # which labelled set, and how it is looked at


def new_run(
    config_name: str, overrides: Mapping[str, object], now: datetime.datetime, runs: pathlib.Path = RUNS
) -> pathlib.Path:
    """A folder that does not exist yet, named after the config, its overrides and the time."""
    parts = [config_name, *(f"{name}={display_name(str(value))}" for name, value in overrides.items())]
    described = re.sub(r"[^\w.=,+-]+", "-", "_".join(parts))
    if len(described) > LONGEST_NAME:
        digest = hashlib.sha256(described.encode()).hexdigest()[:8]
        described = f"{described[:LONGEST_NAME]}_{digest}"
    name = f"{described}_{now:%Y%m%d-%H%M%S}"
    directory, count = runs / name, 1
    while os.path.lexists(directory):
        count += 1
        directory = runs / f"{name}-{count}"
    return directory


def open_run(directory: pathlib.Path, config: ConfigDict) -> None:
    """Makes the folder ready to train in: a new run, or one that this config may resume.

    Raises UserError where the folder cannot be written, and as `check_run` does.
    """
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    check_run(directory, config)
    check_writable(directory)
    if not os.path.lexists(directory / _CONFIG):
        write_json(directory / _CONFIG, config_module.as_dict(config))


def check_run(directory: pathlib.Path, config: ConfigDict) -> None:
    """Raises UserError where the folder holds a run of another config, or is not free for one."""
    check_free(directory, config)
    stored = _stored_config(directory)
    if stored is not None:
        check_same_run(stored, config, directory)


def check_free(directory: pathlib.Path, config: ConfigDict) -> None:
    """Raises UserError where the folder holds something else than a run, whatever its config."""
    if os.path.lexists(directory / _CHECKPOINT):
        raise UserError(f"{directory} holds the evaluation of a checkpoint, not a run; use another --workdir")
    foreign = _foreign(directory, [config.data.video.cache] if config.data.video.cache else [])
    if foreign and _stored_config(directory) is None:
        raise UserError(
            f"{directory} is not empty and holds no run (there is {foreign[0]!r}); "
            "use a new or empty --workdir"
        )


def check_trained(directory: pathlib.Path) -> dict:
    """The stored config of the run in the folder. Raises UserError where there is none."""
    stored = _stored_config(directory)
    if stored is None:
        raise UserError(
            f"nothing was trained in {directory}; train first, with the same --config "
            "and --workdir and without --mode"
        )
    return stored


def open_trained(directory: pathlib.Path, config: ConfigDict) -> None:
    """Checks that the folder holds a run of this config, to evaluate, score or watch with.

    Raises UserError where nothing was trained, or something else.
    """
    check_same_run(check_trained(directory), config, directory)


def check_same_run(stored: Mapping, config: ConfigDict, where: pathlib.Path) -> None:
    """Raises UserError naming each field, with both values, in which the run in `where` differs.

    Fields of FREE_SECTIONS may differ. A field that the stored config lacks counts as its default.
    """
    changes = fixed_differences(stored, config)
    if changes:
        raise UserError(f"{where} holds a run of another config: {changes}; use another --workdir")


def stored_field(directory: pathlib.Path, name: str) -> object | None:
    """The value of a field that the run in the folder was started with; None: there is no run.

    Raises UserError where the stored config cannot be read, or has a value that the field cannot take.
    """
    value = (stored_values(directory) or {}).get(name)
    if value is not None:
        try:
            config_module.check_value(config_fields.field_named(name), value)
        except UserError as error:
            raise UserError(f"{directory / _CONFIG}: {error}") from error
    return value


def stored_values(directory: pathlib.Path) -> dict[str, object] | None:
    """The values that the run in the folder was started with, by dotted name; None: there is no run.

    Raises UserError where the stored config cannot be read.
    """
    stored = _stored_config(directory)
    return None if stored is None else config_module.flat(stored)


def fixed_differences(stored: Mapping, config: ConfigDict) -> str:
    """The fields that differ, though training fixed them, with both values; empty: none does."""
    return differences_in_words(stored, config, FREE_SECTIONS)


def differences_in_words(stored: Mapping, config: ConfigDict, free: tuple[str, ...] = ()) -> str:
    """The fields that differ, those of the `free` sections left out, with both values.

    A field that the stored config lacks counts as its default: it is newer.
    """
    before = {**config_module.flat(config_module.defaults()), **config_module.shown(stored)}
    now = config_module.shown(config)
    return ", ".join(
        f"{name} {before.get(name)!r} there and {now.get(name)!r} here"
        for name in config_module.differences(before, now)
        if not name.startswith(free)
    )


def open_evaluation(directory: pathlib.Path, checksum: str, data_set: str = "") -> None:
    """Makes the folder ready to evaluate a checkpoint from elsewhere in, known by its checksum.

    Args:
      data_set: the labelled set that it is evaluated on; empty: the data that it was trained for.

    Raises UserError where the folder cannot be written, or holds anything but such an evaluation.
    """
    mark = {"checkpoint": checksum, **({"data_set": data_set} if data_set else {})}
    path = directory / _CHECKPOINT
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        if _foreign(directory) and read_json(path) != mark:
            on = f" on {data_set}" if data_set else ""
            raise UserError(
                f"{directory} holds something else than an evaluation of this checkpoint{on}; "
                "use a new or empty --workdir"
            )
    check_writable(directory)
    write_json(path, mark)


def check_writable(directory: pathlib.Path) -> None:
    """Raises UserError where a file cannot be made in the folder. Leaves nothing behind."""
    with storing(directory), tempfile.TemporaryFile(dir=directory) as probe:
        probe.write(b"\0" * 4096)
        probe.flush()


def write_json(path: pathlib.Path, content: object) -> None:
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def _stored_config(directory: pathlib.Path) -> dict | None:
    """The config of the run in the folder: config.json, or without it that of the checkpoints.

    None where there is neither. UserError where it cannot be read.
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
    from vpn_anomaly.storage import checkpoints  # only here: it brings JAX

    return checkpoints.stored_config(directory / CHECKPOINTS)


def _foreign(directory: pathlib.Path, expected: Iterable[str] = ()) -> list[str]:
    """What is in the folder beside hidden files, logs and the places `expected` there; sorted."""
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
    """The object in a JSON file; None where there is none that can be read."""
    try:
        return json_reading.read_object(path)
    except (OSError, ValueError):
        return None
