"""Checkpoints of a run (Orbax), verified when they are read.

    DIR/300/            one checkpoint (`storage/checkpoint_folder.py`); an interrupted save leaves none
      params/ ...       one item per top-level part of the state, with its arrays by name
      metadata/         the metadata given by the run, and a checksum of every array
      files.json        a checksum of every file

`storage/checkpoint_reading.py` reads and verifies a single checkpoint.
"""

import logging
import pathlib
import types
from collections.abc import Callable, Mapping
from typing import Any

from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import checksums, json_reading, output_files
from vpn_anomaly.storage import checkpoint_folder, checkpoint_reading, named_arrays, orbax_folder, workdir
from vpn_anomaly.storage.checkpoint_folder import FILES, METADATA
from vpn_anomaly.storage.checkpoint_reading import Damaged, raise_if_damaged, read_arrays, read_record

MAX_TO_KEEP = 3  # checkpoints
_log = logging.getLogger(__name__)


def save(directory: pathlib.Path, step: int, state, metadata: Mapping) -> None:
    """Writes the checkpoint of a step, and removes all but the last three checkpoints.

    Args:
      state: a pytree of arrays whose top level has names (a dict, a flax struct), such as
        params, opt_state and step.
      metadata: JSON values; `step` is added.

    An identical, intact checkpoint of this step is kept as it is. Otherwise, checkpoints from `step` on
    are removed, since the run continued from an earlier one.
    All processes have to call it: each writes the part of the arrays that its devices hold, the first one the
    rest, when all have written.
    Raises UserError if writing fails.
    """
    items = _items(named_arrays.host_arrays(state))
    record = json_reading.json_round_trip(
        {
            "metadata": {**metadata, "step": int(step)},
            "arrays": {item: checksums.of_arrays(arrays) for item, arrays in items.items()},
        }
    )
    name = group.by_first(lambda: _prepared(directory, step, record))
    if name is None:
        return
    folder = directory / name
    written = _items(named_arrays.by_name(state)) if group.current().count > 1 else items
    with output_files.storing(directory):
        orbax_folder.save(folder, written, **{METADATA: checksums.with_checksum(record)})
    group.by_first(lambda: _seal(folder))


def restore_latest(
    directory: pathlib.Path, abstract_state, required: Mapping[str, type] = types.MappingProxyType({})
) -> tuple[Any, dict] | None:
    """The newest intact checkpoint: (state, metadata). None if there are no checkpoints.

    Args:
      abstract_state: a pytree like the saved one, with leaves that have a shape and dtype (arrays,
        jax.ShapeDtypeStruct). Top-level parts may be omitted; those are not read.
      required: required entries of the metadata and their types (`checksums.schema_problem`); a
        checkpoint without them counts as damaged.

    Returns:
      The state as numpy arrays, or as arrays on the devices of its sharding if abstract_state has one.

    Damaged checkpoints are skipped in favour of the previous one, with one logged warning. Raises
    UserError if all are damaged, and for a checkpoint of another model (naming the first difference).
    """
    wanted = _items(named_arrays.by_name(abstract_state))

    def read(folder: pathlib.Path) -> tuple[Any, dict]:
        record = read_record(folder)
        raise_if_damaged(checksums.schema_problem(record["metadata"], required))
        _check_same_model(record["arrays"], wanted, folder)
        arrays = read_arrays(folder, record["arrays"], wanted)
        return named_arrays.like(abstract_state, arrays), record["metadata"]

    return _newest_intact(directory, read)


def stored_config(directory: pathlib.Path) -> dict | None:
    """The config stored in the newest intact checkpoint; None if there are no checkpoints.

    UserError if all are damaged, or if the checkpoint stores no config.
    """
    metadata = _newest_intact(directory, lambda folder: read_record(folder)["metadata"])
    if metadata is None:
        return None
    if not isinstance(metadata.get("config"), dict):
        raise UserError(
            f"the checkpoints in {directory} do not record their config, and there is "
            "no config.json; put it back, or use another --workdir"
        )
    return metadata["config"]


def saved_steps(directory: pathlib.Path) -> list[int]:
    """The steps that have a checkpoint, intact or damaged, in ascending order."""
    return list(checkpoint_folder.by_step(directory))


def _items(by_name: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Groups leaves by the first part of their name: params/encoder/kernel, opt_state/1/mu/..., step."""
    items: dict[str, dict[str, Any]] = {}
    for name, leaf in by_name.items():
        items.setdefault(name.split("/")[0], {})[name] = leaf
    return items


# --- finding an intact checkpoint


def _newest_intact(directory: pathlib.Path, read: Callable):
    """The result of `read(folder)` for the newest intact checkpoint; None if there are no checkpoints.

    Skipped damaged checkpoints are reported in one warning. UserError if all are damaged.
    """
    folders = checkpoint_folder.by_step(directory)
    checkpoint_folder.warn_about_strays(directory, folders.values())
    damaged: dict[int, str] = {}
    while folders:
        step, folder = folders.popitem()
        try:
            found = read(folder)
        except Damaged as error:
            damaged[step] = str(error)
            if not folder.is_dir():  # a concurrent training run removed it: look again
                damaged, folders = {}, checkpoint_folder.by_step(directory)
            continue
        if damaged:
            _log.warning(
                "damaged checkpoint in %s: %s; step %d is used instead", directory, _in_words(damaged), step
            )
        return found
    if damaged:
        raise UserError(
            f"every checkpoint in {directory} is damaged: {_in_words(damaged)}; "
            "train again in another --workdir"
        )
    return None


def _in_words(damaged: Mapping[int, str]) -> str:
    return ", ".join(f"step {step} ({how})" for step, how in damaged.items())


def _check_same_model(recorded: Mapping, wanted: Mapping, where: pathlib.Path) -> None:
    """Raises UserError naming the first array that is missing, superfluous or different in the checkpoint."""
    for item, leaves in wanted.items():
        raise_if_damaged(_malformed(recorded.get(item, {})))
        difference = named_arrays.difference(recorded.get(item, {}), leaves)
        if difference:
            raise UserError(
                f"{where} is a checkpoint of another model: {difference}; use the config it was trained with"
            )


def _malformed(recorded: object) -> str | None:
    """A description of what is wrong with the records of an item's arrays; None if nothing is."""
    if not isinstance(recorded, dict):
        return "its arrays are not recorded"
    kinds = {"shape": list, "dtype": str, "sha256": str}
    return next(filter(None, (checksums.schema_problem(one, kinds) for one in recorded.values())), None)


# --- saving


def _prepared(directory: pathlib.Path, step: int, record: Mapping) -> str | None:
    """The name of the folder to be written; None if the checkpoint of the step is there already."""
    with output_files.storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        checkpoint_folder.remove_unfinished(directory)
        if not _make_room(directory, step, record):
            return None
        return checkpoint_folder.free_folder(directory, step).name


def _seal(folder: pathlib.Path) -> None:
    """Stores the checksum of every file, and removes all but the last checkpoints."""
    workdir.write_json(folder / FILES, checksums.of_files(folder))
    with output_files.storing(folder.parent):
        for old in list(checkpoint_folder.by_step(folder.parent).values())[:-MAX_TO_KEEP]:
            checkpoint_folder.remove(old)


def _make_room(directory: pathlib.Path, step: int, record: Mapping) -> bool:
    """Removes the checkpoints from `step` on; False if that of `step` matches the record, and is kept."""
    for old, folder in checkpoint_folder.by_step(directory).items():
        if old == step and checkpoint_reading.matches(folder, record):
            return False
        if old >= step:
            checkpoint_folder.remove(folder)
    return True
