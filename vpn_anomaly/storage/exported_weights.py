"""The result of training as three files, independent of a run folder: --checkpoint=DIR.

    DIR/weights.npz      the parameters by their path ("encoder/kernel"), float32 or float16
    DIR/calibration.npz  scores of normal validation sequences (`storage/calibration_file.py`); not of a system
                         that is fitted to whole videos
    DIR/about.json       the config, training statistics, a checksum of every array and of both files

A detector with members is a folder DIR/NAME of these files for each, and

    DIR/about.json       the detector's config, and the checksum of every member's about.json

`pretrained` is the folder of that name in the package. `experiments/export_weights.py` writes one. An export
(`export/`), which has programs in place of weights, is a checkpoint, too, for scoring and watching.
Damage is detected before anything is used: about.json also has a checksum of itself.
"""

import pathlib
from collections.abc import Iterable, Mapping

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly import catalogue, config_fields, members
from vpn_anomaly import config as config_module
from vpn_anomaly.data import array_files, memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import checksums, json_reading, output_files
from vpn_anomaly.storage import workdir

PRETRAINED = "pretrained"
PRETRAINED_FOLDER = pathlib.Path(__file__).parents[1] / PRETRAINED
ABOUT, WEIGHTS, CALIBRATION = "about.json", "weights.npz", "calibration.npz"
# Required entries of about.json, and those about training that only an evaluation needs (TRAINING).
_ABOUT = {"config": dict, "step": int, "arrays": dict, "files": dict}
_DETECTOR = {"config": dict, "members": dict}  # the same of the about.json of a detector
_PROGRAMS = {"config": dict, "step": int, "format": str, "programs": dict, "files": dict}  # and of an export
TRAINING = {"step": int, "sequences_seen": int, "wall_seconds": float}
DTYPES = ("float32", "float16")  # in which weights may be stored


def folder_of(checkpoint: str, otherwise: str = "") -> pathlib.Path:
    """The folder of exported weights of this name. UserError if there is none.

    otherwise: what else could be given, for the error.
    """
    folder = PRETRAINED_FOLDER if checkpoint == PRETRAINED else pathlib.Path(checkpoint)
    if (folder / ABOUT).is_file():
        return folder
    if checkpoint == PRETRAINED:
        raise UserError(
            "this installation has no pretrained weights; train with --config, or give "
            "--checkpoint=DIR, a folder that experiments.export_weights wrote"
        )
    raise UserError(
        f"there is no checkpoint {checkpoint!r} (a folder with {ABOUT}); give "
        f"{PRETRAINED!r} or a folder that experiments.export_weights wrote{otherwise}"
    )


def read_about(folder: pathlib.Path) -> dict:
    """The verified content of about.json, of a detector too. UserError if it is missing or damaged."""
    try:
        about = json_reading.read_object(folder / ABOUT)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise _damaged(folder, f"{ABOUT} cannot be read: {reason}") from error
    if is_detector(about):
        damage = checksums.record_problem(about, _DETECTOR)
    elif has_programs(about):
        damage = checksums.record_problem(about, _PROGRAMS)
    else:
        damage = checksums.record_problem(about, _ABOUT) or checksums.schema_problem(
            about["files"], dict.fromkeys(_files(about), dict)
        )
    if damage:
        raise _damaged(folder, f"{ABOUT}: {damage}")
    return about


def _files(about: Mapping) -> tuple[str, ...]:
    """The files beside about.json of a single model."""
    fits = any(row.fits and row.name == about["config"].get("system") for row in catalogue.SYSTEMS)
    return (WEIGHTS,) if fits else (WEIGHTS, CALIBRATION)


def is_detector(about: Mapping) -> bool:
    """Whether the content of about.json is that of a detector with members, which has no weights itself."""
    return isinstance(about.get("members"), dict)


def has_programs(about: Mapping) -> bool:
    """Whether the content of about.json is that of an export, which scores and watches only."""
    return "programs" in about


def check_model(folder: pathlib.Path, about: Mapping) -> None:
    """Raises UserError for a detector, or an export, where the weights of a single model are needed."""
    if has_programs(about):
        raise UserError(
            f"{folder} is an export, which scores and watches only; give the run or the weights that it was made of"
        )
    if is_detector(about):
        one = next(iter(about["members"]), "")
        raise UserError(
            f"the checkpoint in {folder} is a detector of {', '.join(about['members'])}; give one of these,"
            f" such as {folder / one}"
        )


def check_members(folder: pathlib.Path, about: Mapping) -> None:
    """Raises UserError if a member's about.json is missing, damaged or of another detector."""
    for name, checksum in about["members"].items():
        if read_about(folder / name).get("sha256") != checksum:
            raise _damaged(folder, f"{name} was exported with another detector")


def read_weights(
    folder: pathlib.Path, about: Mapping, limit: MemoryLimit | None = None
) -> dict[str, np.ndarray]:
    """The parameters by name, float32 regardless of the stored dtype of fractional numbers.

    UserError if one of the three files is missing or damaged, or if the weights exceed the memory
    limit (None: the default limit).
    """
    check_model(folder, about)
    limit, path = limit or memory_limit.for_sequences(), folder / WEIGHTS
    try:
        damage = checksums.file_problem(folder, about["files"])
        if damage is None:
            with array_files.open_archive(path) as archive:
                arrays = archive.read_all(lambda size: limit.check(path, size, "unpacked, it"))
            damage = checksums.array_problem(arrays, about["arrays"])
    except (UserError, MemoryError):
        raise
    except Exception as error:  # damaged bytes raise many kinds of exception in numpy and zipfile
        raise _damaged(folder, f"not readable: {type(error).__name__}") from error
    if damage:
        raise _damaged(folder, damage)
    return as_float32(arrays)


def as_float32(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays by name, float32 where they are fractional numbers."""
    return {
        name: array.astype(np.float32) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in arrays.items()
    }


def check_training(folder: pathlib.Path, about: Mapping) -> None:
    """Raises UserError if about.json lacks the training statistics that an evaluation reports."""
    lacking = checksums.schema_problem(about, TRAINING)
    if lacking:
        raise _damaged(folder, f"{ABOUT}: {lacking}")


def stored_config(stored: Mapping, where: pathlib.Path) -> ConfigDict:
    """The config from nested plain dicts, as read from JSON; missing fields get their defaults.

    UserError, naming `where`, for fields and values that this version of the package does not support.
    """
    config, values = config_module.defaults(), config_module.flat(stored)
    try:
        for name in values:
            config_fields.field_named(name)
        config.update_from_flattened_dict(values)
        members.check(config)
    except (AttributeError, KeyError, TypeError, ValueError, UserError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"the config in {where} is not one of this version of the package: {reason}"
        ) from error
    return config


def write(folder: pathlib.Path, weights: Mapping[str, np.ndarray], about: Mapping) -> None:
    """Writes weights.npz, then about.json: `about` (plain JSON) with all checksums.

    The folder has to exist and contain calibration.npz, if the system has one. UserError if writing fails.
    """
    output_files.write_atomically(folder / WEIGHTS, lambda file: np.savez_compressed(file, **weights))  # type: ignore[arg-type]
    record = {
        **about,
        "arrays": checksums.of_arrays(weights),
        "files": {name: checksums.of_file(folder / name) for name in _files(about)},
    }
    workdir.write_json(folder / ABOUT, checksums.with_checksum(record))


def write_detector(folder: pathlib.Path, config: Mapping, names: Iterable[str]) -> None:
    """Writes about.json of a detector, whose members have been written to their folders.

    Args:
        config: the detector's, plain JSON.

    UserError if writing fails.
    """
    of_members = {name: read_about(folder / name)["sha256"] for name in names}
    record = checksums.with_checksum({"config": config, "members": of_members})
    workdir.write_json(folder / ABOUT, record)


def _damaged(folder: pathlib.Path, how: str) -> UserError:
    return UserError(f"the checkpoint in {folder} is damaged: {how}; get or export it again")
