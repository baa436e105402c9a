"""Initial weights that are not random: those that `train.start_from` names."""

import pathlib
from collections.abc import Iterable

from ml_collections import ConfigDict

from vpn_anomaly import config as config_module
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import checksums
from vpn_anomaly.storage import exported_weights, named_arrays


def resolve_model(config: ConfigDict, overrides: Iterable[str]) -> ConfigDict:
    """The config with the model of its initial weights; unchanged without any.

    Args:
        overrides: the fields that were set by hand, by dotted name.

    UserError where a model field is among them, for weights of another system, and where the
    weights' folder cannot be read.
    """
    if not config.train.start_from:
        return config
    folder, about = _opened(config.train.start_from)
    by_hand = [name for name in overrides if name.startswith("model.")]
    if by_hand:
        raise UserError(
            f"train.start_from={config.train.start_from} brings the model of its weights;"
            f" leave out {', '.join(by_hand)}"
        )
    stored = exported_weights.stored_config(about["config"], folder)
    if stored.system != config.system:
        raise UserError(
            f"train.start_from={config.train.start_from} has weights of system"
            f" {stored.system}, but system is {config.system}"
        )
    resolved = config.copy_and_resolve_references()
    resolved.model = stored.model
    config_module.check(resolved)
    return resolved


def initial_params(start_from: str, wanted):
    """The parameters that training starts from; None: random ones.

    Args:
        start_from: the exported weights, as the field `train.start_from` names them, or empty.
        wanted: the shapes and types of the system's parameters.

    UserError where they cannot be read, and where the system has others.
    """
    if not start_from:
        return None
    weights = exported_weights.read_weights(*_opened(start_from))
    difference = named_arrays.difference(checksums.of_arrays(weights), named_arrays.by_name(wanted))
    if difference:
        raise UserError(
            f"train.start_from={start_from} has weights of another model:"
            f" {difference}; set data.channels as there, or start anew"
        )
    return named_arrays.like(wanted, weights)


def _opened(start_from: str) -> tuple[pathlib.Path, dict]:
    folder = exported_weights.folder_of(start_from)
    about = exported_weights.read_about(folder)
    exported_weights.check_model(folder, about)
    return folder, about
