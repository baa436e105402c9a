"""Checkpoints of a run (Orbax) that prove themselves when they are read, and calibration scores.

    DIR/300/            one checkpoint; an interrupted save leaves none
      params/ ...       an item for each top-level part of the state, its arrays by name
      metadata/         what the run said of it, and a checksum of every array
      files.json        a checksum of every file
    DIR/calibration.npz

Orbax restores a flipped bit silently, and reports a truncated file in several screens and stray
tracebacks. So the files are verified before Orbax reads them, and the arrays after it has.
"""

import contextlib
import json
import logging
import pathlib
import shutil
from collections.abc import Iterator, Mapping

import jax
import numpy as np
import orbax.checkpoint as ocp

from vpn_anomaly import array_names, checksums, workdir
from vpn_anomaly.errors import UserError

KEPT = 3  # checkpoints
CALIBRATION = "calibration"
_FILES = "files.json"
_METADATA = "metadata"
_log = logging.getLogger(__name__)


class _Damaged(Exception):
    """This checkpoint cannot be used; the text says why in a few words."""


def save(directory: pathlib.Path, step: int, state, metadata: Mapping) -> None:
    """Writes the checkpoint of a step, and removes all but the last three.

    Args:
      state: a pytree of arrays whose top level has names (a dict, a flax struct), such as
        params, opt_state and step.
      metadata: anything that JSON has; `step` is added.

    A checkpoint that is there already and whole stays as it is. Steps from `step` on that cannot
    be used (their run went on from an earlier one) make room.
    Raises UserError where the disk refuses.
    """
    items = _items(array_names.host_arrays(state))
    record = _as_json({
        "metadata": {**metadata, "step": int(step)},
        "arrays": {item: checksums.of_arrays(arrays) for item, arrays in items.items()},
    })
    with workdir.storing(directory):
        if _make_room(directory, step, record):
            return
        with _orbax(directory, max_to_keep=KEPT, cleanup_tmp_directories=True) as manager:
            arguments = {item: ocp.args.StandardSave(arrays) for item, arrays in items.items()}
            arguments[_METADATA] = ocp.args.JsonSave(checksums.sealed(record))
            _refusing_disk(lambda: manager.save(step, args=ocp.args.Composite(**arguments)))
    folder = directory / str(step)
    workdir.write_json(folder / _FILES, checksums.of_files(folder))


def restore_latest(directory: pathlib.Path, abstract_state) -> tuple[object, dict] | None:
    """The newest checkpoint that is whole: (state, metadata). None where there is none at all.

    Args:
      abstract_state: a pytree like the saved one, of anything with shape and dtype (arrays,
        jax.ShapeDtypeStruct). Top-level parts may be left out: those are not read.

    Returns:
      The state as numpy arrays, on the devices of its sharding where abstract_state gives one.

    A damaged checkpoint is passed over for the one before it, with one logged warning. Raises
    UserError where all are damaged, and for a checkpoint of another model (first difference named).
    """
    wanted = _items(array_names.by_name(abstract_state))
    damaged = []
    for step in reversed(saved_steps(directory)):
        try:
            record = _read_record(directory, step)
            _check_same_model(record["arrays"], wanted, directory / str(step))
            arrays = _read_arrays(directory, step, record["arrays"], wanted)
        except _Damaged as error:
            damaged.append(f"step {step} ({error})")
            continue
        if damaged:
            _log.warning("damaged checkpoint in %s: %s; step %d is used instead",
                         directory, ", ".join(damaged), step)
        return array_names.like(abstract_state, arrays), record["metadata"]
    if damaged:
        raise UserError(f"every checkpoint in {directory} is damaged: {', '.join(damaged)}; "
                        "train again in another --workdir")
    return None


def saved_steps(directory: pathlib.Path) -> list[int]:
    """The steps that have a checkpoint, whole or damaged, in order."""
    if not directory.is_dir():
        return []
    return sorted(int(path.name) for path in directory.iterdir()
                  if path.name.isdecimal() and path.is_dir())


def save_calibration(directory: pathlib.Path, made_with: Mapping,
                     scores: Mapping[str, np.ndarray], name: str = CALIBRATION) -> None:
    """Stores the scores of normal sequences beside the weights that gave them, in NAME.npz.

    `made_with` (plain JSON: step, masks, ...) says what the scores depend on.
    """
    arrays = {name: np.asarray(array) for name, array in scores.items()}
    record = checksums.sealed(
        _as_json({"made_with": dict(made_with), "arrays": checksums.of_arrays(arrays)}))
    with workdir.storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    workdir.write_atomically(
        calibration_path(directory, name),
        lambda file: np.savez(file, record=np.array(json.dumps(record)),
                              **{f"score/{name}": array for name, array in arrays.items()}))


def calibration_path(directory: pathlib.Path, name: str = CALIBRATION) -> pathlib.Path:
    """Where the scores of `save_calibration` are."""
    return directory / f"{name}.npz"


def load_calibration(directory: pathlib.Path, made_with: Mapping,
                     name: str = CALIBRATION) -> dict[str, np.ndarray] | None:
    """The scores stored with an equal `made_with`; None where there are none such.

    Damaged ones count as none, with a logged warning: they can be made again.
    """
    path = calibration_path(directory, name)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            record = json.loads(stored["record"].item())
            arrays = {name.removeprefix("score/"): stored[name]
                      for name in stored.files if name != "record"}
        damage = (checksums.damaged_record(record)
                  or checksums.damaged_array(arrays, record["arrays"]))
    except Exception as error:  # numpy, zipfile and json have many ways to fail on damaged bytes
        damage = type(error).__name__
    if damage:
        _log.warning("%s is damaged (%s); calibration is made again", path, damage)
        return None
    return arrays if record["made_with"] == _as_json(dict(made_with)) else None


def _items(by_name: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Groups leaves by the first part of their name: params/encoder/kernel, opt_state/1/mu/..., step."""
    items = {}
    for name, leaf in by_name.items():
        items.setdefault(name.split("/")[0], {})[name] = leaf
    return items


# --- reading and verifying one checkpoint


def _read_record(directory: pathlib.Path, step: int) -> dict:
    """The verified metadata and array records of a step. Raises _Damaged."""
    folder = directory / str(step)
    seal = folder / _FILES
    if seal.exists():  # a run killed right after a save has a whole checkpoint without it
        try:
            recorded = json.loads(seal.read_text(encoding="utf-8"))
            damage = checksums.damaged_file(folder, recorded)
        except Exception as error:
            damage = f"file {_FILES} is not readable: {type(error).__name__}"
        if damage:
            raise _Damaged(damage)
    restore = ocp.args.Composite(**{_METADATA: ocp.args.JsonRestore()})
    record = _restored(directory, step, restore)[_METADATA]
    damage = checksums.damaged_record(record)
    if damage:
        raise _Damaged(damage)
    return record


def _read_arrays(directory, step, recorded, wanted) -> dict[str, np.ndarray]:
    """The verified arrays of the wanted items, by name. Raises _Damaged."""
    targets = {
        item: ocp.args.StandardRestore({name: _target(leaf) for name, leaf in leaves.items()})
        for item, leaves in wanted.items()
    }
    restored = _restored(directory, step, ocp.args.Composite(**targets))
    arrays = {}
    for item in wanted:
        damage = checksums.damaged_array(restored[item], recorded[item])
        if damage:
            raise _Damaged(damage)
        arrays.update(restored[item])
    return arrays


def _target(leaf) -> np.ndarray:
    """An array of the leaf's shape and dtype, without its memory, that asks Orbax for numpy."""
    return np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape)


def _restored(directory: pathlib.Path, step: int, arguments):
    try:
        with _orbax(directory, read_only=True) as manager:
            return manager.restore(step, args=arguments)
    except Exception as error:  # Orbax and TensorStore name no common class of damage
        raise _Damaged(f"not readable: {type(error).__name__}") from error


def _as_json(content: object) -> object:
    """The content as it comes back from a JSON file (tuples as lists, keys as text)."""
    return json.loads(json.dumps(content))


def _check_same_model(recorded: Mapping, wanted: Mapping, where: pathlib.Path) -> None:
    """Raises UserError with the first array that the checkpoint lacks, adds or has otherwise."""
    for item, leaves in wanted.items():
        difference = array_names.difference(recorded.get(item, {}), leaves)
        if difference:
            raise UserError(f"{where} is a checkpoint of another model: {difference}; "
                            "use the config it was trained with")


# --- Orbax


@contextlib.contextmanager
def _orbax(directory: pathlib.Path, **options) -> Iterator[ocp.CheckpointManager]:
    """A synchronous manager of the folder; its log lines are left out."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with ocp.CheckpointManager(
            directory.absolute(),
            options=ocp.CheckpointManagerOptions(enable_async_checkpointing=False, **options),
        ) as manager:
            yield manager
    finally:
        logger.setLevel(level)


def _make_room(directory: pathlib.Path, step: int, record: Mapping) -> bool:
    """Removes the checkpoints from `step` on; True where that of `step` is the very same one."""
    for old in saved_steps(directory):
        if old < step:
            continue
        if old == step and _is_whole(directory, step, record):
            return True
        shutil.rmtree(directory / str(old))
    return False


def _is_whole(directory: pathlib.Path, step: int, record: Mapping) -> bool:
    try:
        stored = _read_record(directory, step)
        if stored["arrays"] != record["arrays"]:
            return False
        abstract = {
            item: {name: jax.ShapeDtypeStruct(one["shape"], one["dtype"])
                   for name, one in arrays.items()}
            for item, arrays in record["arrays"].items()
        }
        _read_arrays(directory, step, record["arrays"], abstract)
    except _Damaged:
        return False
    return True


def _refusing_disk(write) -> None:
    """Calls `write`; TensorStore's word for a full or read-only disk becomes an OSError."""
    try:
        write()
    except OSError:
        raise
    except Exception as error:
        text = str(error)
        for words in ("No space left on device", "Disk quota exceeded", "Read-only file system",
                      "Permission denied"):
            if words.lower() in text.lower():
                raise OSError(None, words) from error
        raise
