"""Sweep definitions: named overrides of one base config, read from a Python file.

    NAME = "ablations"                      # default: the file's stem
    CONFIG = "configs/quick.py"             # base config FILE[:VARIANT]
    COMMON = {"train.steps": 400}           # overrides of all runs; default: none
    RUNS = {"base": {}, "context_3": {"model.context": 3}}  # row -> overrides on top of COMMON
    SEEDS = (0,)                            # default
    STORED_SCORES = ("mean_nll", "any")     # stored per sequence if the run has them; default SCORES
    LEARNING_RATES = (1e-3, 3e-3)           # tried by experiments/learning_rates.py; default: none
    CANDIDATES = {"wide": {"model.stem": 2}}  # rows that only learning_rates.py tries; default: none

and the table settings of table_settings.py. experiments/definitions/ has three of them.
"""

import dataclasses
import pathlib
import re
from collections.abc import Mapping

from ml_collections import ConfigDict

from experiments.sweeps.table_settings import TableSettings, table_settings
from vpn_anomaly import config as configuration
from vpn_anomaly import config_fields, config_files
from vpn_anomaly.errors import UserError

SCORES = ("mean_nll", "excess_nll", "tail_mean", "missing_z", "intruding_z", "erased_z", "any")
LARGEST_SEED = config_fields.field_named("seed").maximum


@dataclasses.dataclass(frozen=True)
class Definition:
    """A sweep.

    Attributes:
        config: base config, FILE[:VARIANT].
        common, runs, candidates: values by dotted field name; the last two by row.
    """

    name: str
    config: str
    common: Mapping[str, object]
    runs: Mapping[str, Mapping[str, object]]
    seeds: tuple[int, ...]
    stored_scores: tuple[str, ...]
    table: TableSettings = dataclasses.field(default_factory=TableSettings)
    learning_rates: tuple[float, ...] = ()
    candidates: Mapping[str, Mapping[str, object]] = dataclasses.field(default_factory=dict)

    def overrides(self, row: str) -> dict[str, object]:
        """Values that a row sets by dotted field name, lists as tuples: COMMON overridden by the row's own."""
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in {**self.common, **self.runs[row]}.items()
        }


def load_definition(path: str | pathlib.Path) -> Definition:
    """Reads a sweep definition. UserError if the file is missing, broken, or lacks RUNS or CONFIG."""
    path = pathlib.Path(path)
    values = _executed(path)
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
        learning_rates=values.get("LEARNING_RATES", ()),
        candidates=values.get("CANDIDATES", {}),
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
    """The checked config of one run. UserError, naming the row, for an invalid field or value."""
    config = config_files.load_config(definition.config)
    try:
        # Types are checked below, with a one-line error that says what the field may be.
        with config.ignore_type():
            for name, value in {**definition.overrides(row), "seed": seed}.items():
                config_fields.field_named(name)
                *sections, leaf = name.split(".")
                node = config
                for section in sections:
                    node = node[section]
                node[leaf] = value
        configuration.check(config)
        if config.detector.members:
            raise UserError(
                f"detector.members is {config.detector.members}, but a run of a sweep has one model: set it to ()"
            )
        configuration.expand_paths(config)
    except UserError as error:
        raise UserError(f"row {row} of the sweep: {error}") from error
    except (KeyError, AttributeError) as error:  # not built from the defaults, or frozen
        reason = " ".join(str(error).split())
        raise UserError(
            f"row {row} of the sweep: {definition.config} cannot be changed: {reason}; "
            "let get_config return vpn_anomaly.config.defaults() with values set"
        ) from error
    return config


def is_seed(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_SEED


def _executed(path: pathlib.Path) -> dict:
    """Executes the file and returns the names it defines."""
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
    except (Exception, SystemExit) as error:  # the file is arbitrary code
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"the sweep file {str(path)!r} does not work: {reason}") from error
    return values


def _what_is_wrong(definition: Definition) -> str | None:
    """What is wrong with the values, in words; None if nothing is. Names become folder names."""
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
    rates = definition.learning_rates
    if not isinstance(rates, tuple) or not all(isinstance(rate, (int, float)) for rate in rates):
        return f"LEARNING_RATES is {rates!r}, but has to be a tuple of numbers"
    if not isinstance(definition.candidates, dict) or not all(
        map(is_overrides, definition.candidates.values())
    ):
        return "CANDIDATES has to be a dict of rows, each a dict of overrides"
    return None
