"""results.json of a run: the results of its evaluation."""

import math
import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config as config_module
from vpn_anomaly import members
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.storage.config_changes import COMPUTATION_FIELDS, SHOWN_FIELDS, describe_differences
from vpn_anomaly.storage.workdir import read_json, write_json

RESULTS = "results.json"


def finished_results(directory: pathlib.Path, config: ConfigDict) -> dict | None:
    """The stored results, if the run was trained for all its steps and evaluated with this config; else None."""
    results = read_results(directory)
    if results is None or not _is_trained(results, config):
        return None
    stored = results.get("config")
    free = (*COMPUTATION_FIELDS, *SHOWN_FIELDS)
    if not isinstance(stored, dict) or describe_differences(stored, config, free):
        return None
    return results


def read_results(directory: pathlib.Path) -> dict | None:
    """The content of results.json; None if it is missing or unreadable."""
    return read_json(directory / RESULTS)


def write_results(directory: pathlib.Path, results: Mapping) -> None:
    """Writes results.json atomically. Non-finite numbers become null."""
    write_json(directory / RESULTS, _plain(results))


def _is_trained(results: Mapping, config: ConfigDict) -> bool:
    """Whether the results are of all steps: of those of every member, if the config has members."""
    configs = members.member_configs(config)
    if not configs:
        return _has_all_steps(results.get("steps"), config)
    found = results.get("members")
    found = found if isinstance(found, dict) else {}
    steps = {name: of.get("steps") for name, of in found.items() if isinstance(of, dict)}
    return all(name in steps and _has_all_steps(steps[name], one) for name, one in configs.items())


def _has_all_steps(steps: object, config: ConfigDict) -> bool:
    """Whether so many steps are those of the config's model; one that is fitted has no steps."""
    return system_named(config.system).fits or _as_number(steps) >= config.train.steps


def _as_number(value: object) -> float:
    return value if isinstance(value, (int, float)) else -math.inf


def _plain(value: object) -> object:
    """Converts to JSON values: arrays to lists, numpy scalars to numbers, non-finite numbers to None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, ConfigDict):
        return config_module.as_dict(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
