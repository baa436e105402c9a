"""The definition file of a sweep: which runs there are."""

import dataclasses
import pathlib
import runpy
from collections.abc import Mapping

from experiments.table_settings import TableSettings, table_settings
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Definition:
    """A sweep: every run of `runs` (row to overrides) with every seed."""

    name: str
    config: str
    common: Mapping[str, object]
    runs: Mapping[str, Mapping[str, object]]
    seeds: tuple[int, ...]
    stored_scores: tuple[str, ...]
    table: TableSettings


def load_definition(path: str | pathlib.Path) -> Definition:
    """Reads a definition. UserError where the file is missing or broken, or lacks RUNS or CONFIG."""
    path = pathlib.Path(path)
    try:
        values = runpy.run_path(str(path))
    except Exception as error:  # a definition is a program: anything can happen in it
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"the sweep file {str(path)!r} does not work: {reason}") from error
    for needed in ("CONFIG", "RUNS", "STORED_SCORES"):
        if needed not in values:
            raise UserError(f"the sweep file {str(path)!r} has no {needed}")
    runs, scores = values["RUNS"], values["STORED_SCORES"]
    try:
        table = table_settings(values, runs, scores)
    except UserError as error:
        raise UserError(f"the sweep file {str(path)!r} does not work: {error}") from error
    return Definition(values.get("NAME", path.stem), values["CONFIG"], values.get("COMMON", {}), runs,
                      values.get("SEEDS", (0,)), scores, table)
