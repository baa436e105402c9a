"""What a sweep runs: named overrides over one base config, read from a Python file such as ablations.py.

    NAME = "ablations"                      # default: the file's stem
    CONFIG = "configs/quick.py"             # base config FILE[:VARIANT]
    COMMON = {"train.steps": 400}           # overrides of all runs; default: none
    RUNS = {"base": {}, "context_3": {"model.context": 3}}  # row -> overrides, over COMMON
    SEEDS = (0,)                            # default
    STORED_SCORES = ("mean_nll", "any")     # kept per sequence, those that a run has; default below

and what table_settings.py lists for its table.
"""

import dataclasses
import pathlib
import re
from collections.abc import Mapping

from ml_collections import ConfigDict

from experiments.sweeps.table_settings import TableSettings, table_settings
from vpn_anomaly import command_line, config_fields
from vpn_anomaly import config as configuration
from vpn_anomaly.errors import UserError

SCORES = ("mean_nll", "excess_nll", "tail_mean", "missing_z", "intruding_z", "erased_z", "any")
LARGEST_SEED = config_fields.field_named("seed").maximum


@dataclasses.dataclass(frozen=True)
class Definition:
    """A sweep. `config` is FILE[:VARIANT]; `common` and each of `runs` are overrides by dotted name."""

    name: str
    config: str
    common: Mapping[str, object]
    runs: Mapping[str, Mapping[str, object]]
    seeds: tuple[int, ...]
    stored_scores: tuple[str, ...]
    table: TableSettings = dataclasses.field(default_factory=TableSettings)

    def overrides(self, row: str) -> dict[str, object]:
        """The fields that a row sets, by dotted name, lists as tuples; the row's own come first."""
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in {**self.common, **self.runs[row]}.items()
        }


def load_definition(path: str | pathlib.Path) -> Definition:
    """Reads a definition. UserError where the file is missing or broken, or lacks RUNS or CONFIG."""
    path = pathlib.Path(path)
    values = run_file(path)
    for needed in ("CONFIG", "RUNS"):
        if needed not in values:
            raise UserError(
                f"the sweep file {str(path)!r} has no {needed}; "
                "experiments/definitions/ablations.py shows what it needs"
            )
    definition = Definition(
        name=values.get("NAME", path.stem),
        config=values["CONFIG"],
        common=values.get("COMMON", {}),
        runs=values["RUNS"],
        seeds=values.get("SEEDS", (0,)),
        stored_scores=values.get("STORED_SCORES", SCORES),
    )
    wrong = _what_is_wrong(definition)
    if wrong:
        raise UserError(f"the sweep file {str(path)!r} does not work: {wrong}")
    try:
        table = table_settings(values, definition.runs, definition.stored_scores)
    except UserError as error:
        raise UserError(f"the sweep file {str(path)!r} does not work: {error}") from error
    return dataclasses.replace(definition, table=table)


def run_config(definition: Definition, row: str, seed: int) -> ConfigDict:
    """The checked config of one run. UserError, naming the row, for a field or value that cannot be."""
    config = command_line.load_config(definition.config)
    try:
        # Types are for the check to judge: it says in one line what the field may be.
        with config.ignore_type():
            for name, value in {**definition.overrides(row), "seed": seed}.items():
                config_fields.field_named(name)
                *sections, leaf = name.split(".")
                node = config
                for section in sections:
                    node = node[section]
                node[leaf] = value
        configuration.check(config)
        configuration.expand_paths(config)
    except UserError as error:
        raise UserError(f"row {row} of the sweep: {error}") from error
    except (KeyError, AttributeError) as error:  # not made from the defaults, or frozen
        reason = " ".join(str(error).split())
        raise UserError(
            f"row {row} of the sweep: {definition.config} cannot be changed: {reason}; "
            "let get_config return vpn_anomaly.config.defaults() with values set"
        ) from error
    return config


def is_seed(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_SEED


def run_file(path: pathlib.Path) -> dict:
    """The names that the file defines."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UserError(
            f"the sweep file {str(path)!r} cannot be read: {reason.lower()}; "
            "give a file such as experiments/definitions/ablations.py"
        ) from error
    values = {"__name__": "definition", "__file__": str(path)}
    try:
        exec(compile(source, str(path), "exec"), values)
    except (Exception, SystemExit) as error:  # a definition is a program: anything can happen in it
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"the sweep file {str(path)!r} does not work: {reason}") from error
    return values


def _what_is_wrong(definition: Definition) -> str | None:
    """What makes the values no definition, in words. Names become folders: letters, digits, _ . -"""
    is_name = lambda name: isinstance(name, str) and re.fullmatch(r"\w[\w.-]*", name)
    is_overrides = lambda value: isinstance(value, dict) and all(isinstance(name, str) for name in value)
    if not is_name(definition.name):
        return f"NAME is {definition.name!r}, but has to be letters, digits, _, . and -"
    if not isinstance(definition.config, str):
        return f"CONFIG is {definition.config!r}, but has to be text: FILE[:VARIANT]"
    if not isinstance(definition.runs, dict) or not definition.runs:
        return "RUNS has to be a dict of one or more rows, each a dict of overrides"
    for row, overrides in {"COMMON": definition.common, **definition.runs}.items():
        if not is_name(row):
            return f"RUNS has the row {row!r}, but a name is letters, digits, _, . and -"
        if not is_overrides(overrides):
            return f"{row} is {overrides!r}, but has to be a dict from field to value"
        if "seed" in overrides:
            return f"{row} sets seed; seeds are listed in SEEDS"
    if (
        not isinstance(definition.seeds, tuple)
        or not definition.seeds
        or not all(map(is_seed, definition.seeds))
    ):
        return f"SEEDS is {definition.seeds!r}, but has to be a tuple of whole numbers, 0 or more"
    scores = definition.stored_scores
    if not isinstance(scores, tuple) or not scores or not all(isinstance(name, str) for name in scores):
        return f"STORED_SCORES is {scores!r}, but has to be a tuple of scores' names"
    return None
