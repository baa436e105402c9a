"""Folders in which a trained detector lies: that of a run, or one of exported weights."""

import os
import pathlib
from typing import NamedTuple

from ml_collections import ConfigDict

from vpn_anomaly import config_fields
from vpn_anomaly.config_overrides import Override, applied
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import config_changes, exported_weights, workdir


class Trained(NamedTuple):
    """What was trained, and how it is asked for.

    Attributes:
        config: that it was trained with, with what was set by hand.
        overrides: the fields that were set by hand, by dotted name.
        run: the folder of the run; None for exported weights.
        checkpoint: the folder of exported weights; None for a run.
    """

    config: ConfigDict
    overrides: dict[str, object]
    run: pathlib.Path | None
    checkpoint: pathlib.Path | None


def trained_in(where: str | os.PathLike, override: Override, evaluates: bool = False) -> Trained:
    """What lies in a folder: a run, or exported weights; `pretrained`: those in the package.

    Args:
        override: fields that are set by hand.
        evaluates: whether it is to be evaluated, and the data may be another labelled set.

    UserError for a folder that holds neither, and for exported weights of which a field is to be changed that is
    fixed by training. (Of a run, `workdir.open_trained` says so.)
    """
    folder = _run(where)
    if folder is not None:
        config = exported_weights.stored_config(workdir.check_trained(folder), folder)
        return Trained(*applied(override, config), folder, None)
    folder = exported_weights.folder_of(os.fspath(where), ", or the folder of a run")
    config, overrides = _of_weights(folder, override, evaluates)
    return Trained(config, overrides, None, folder)


def _run(where: str | os.PathLike) -> pathlib.Path | None:
    """The folder, if it holds a run."""
    folder = pathlib.Path(where)
    if where in ("", exported_weights.PRETRAINED) or (folder / exported_weights.ABOUT).is_file():
        return None
    return folder if workdir.stored_values(folder) is not None else None


def _of_weights(
    folder: pathlib.Path, override: Override, evaluates: bool
) -> tuple[ConfigDict, dict[str, object]]:
    stored = exported_weights.stored_config(exported_weights.read_about(folder)["config"], folder)
    config, overrides = applied(override, stored.copy_and_resolve_references())
    on_labelled_set = evaluates and config.data.source in config_fields.LABELLED_SOURCES
    free = config_changes.CHANGEABLE_FIELDS + (config_changes.DATA_SET_FIELDS if on_labelled_set else ())
    free += config_changes.chosen_members(stored, config)
    changes = config_changes.describe_differences(stored, config, free)
    if changes:
        more = ", with data.source, data.path and data.video the labelled set" if on_labelled_set else ""
        raise UserError(
            f"the checkpoint in {folder} was trained with another config: {changes}; "
            "only fields of evaluate, score and watch, and data.video.max_gigabytes, can be "
            f"set{more}"
        )
    return config, overrides
