"""Settings of a sweep's results table, read from its definition file; all are optional.

PAPER = {"ours": 87.0}                        # figure reported by the paper, percent, by row
LABELS = {"ours": "ours (full attention)"}    # default: the row's name, with spaces for underscores
PAPER_SCORE = {"conv_lstm": "frame_error"}    # score used by the paper, by row; default mean_nll
DECLARED = {"spatial": "missing_z"}           # score declared before the runs, by corruption
BASELINES = ("constant",)                     # scores without learning that get a row each
REFERENCE = "ours"                            # row that all other rows are compared with
HEAD = ("ours", "constant")                   # rows and baselines that README shows; default: none, no README
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from vpn_anomaly.errors import UserError

CORRUPTIONS = ("both", "temporal", "spatial", "mixed")  # table columns, in order
DEFAULT_SCORE = "mean_nll"


@dataclasses.dataclass(frozen=True)
class TableSettings:
    """The settings above under lower-case names; `reference` is None if not set."""

    paper: Mapping[str, float] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    paper_score: Mapping[str, str] = dataclasses.field(default_factory=dict)
    declared: Mapping[str, str] = dataclasses.field(default_factory=dict)
    baselines: tuple[str, ...] = ()
    reference: str | None = None
    head: tuple[str, ...] = ()

    def label(self, row: str) -> str:
        """The row's name as shown in the table."""
        return self.labels.get(row, row.replace("_", " "))

    def score_of(self, row: str) -> str:
        """The paper's score for a row; a baseline row is a score itself."""
        return row if row in self.baselines else self.paper_score.get(row, DEFAULT_SCORE)


def table_settings(
    values: Mapping[str, object], rows: Collection[str], stored_scores: Collection[str]
) -> TableSettings:
    """The table settings among the names that a definition file defines.

    Args:
        values: all names that the file defines, with their values.
        rows: the rows of its RUNS.
        stored_scores: its STORED_SCORES.

    Raises:
        UserError: a setting has the wrong type, or names a row, corruption or score that does not exist.
    """
    mappings = {name: values.get(name, {}) for name in ("PAPER", "LABELS", "PAPER_SCORE", "DECLARED")}
    for name, value in mappings.items():
        if not isinstance(value, Mapping):
            raise UserError(f"{name} is {value!r}; give a dict, or leave it out")
    baselines = _names(values, "BASELINES", "scores")
    head, reference = _names(values, "HEAD", "rows"), values.get("REFERENCE")
    _check_names("BASELINES", baselines, stored_scores, "STORED_SCORES")
    for name in ("PAPER_SCORE", "DECLARED"):
        _check_names(name, mappings[name].values(), stored_scores, "STORED_SCORES")
    for name in ("PAPER", "PAPER_SCORE"):
        _check_names(name, mappings[name], rows, "RUNS")
    _check_names("LABELS", mappings["LABELS"], (*rows, *baselines), "RUNS and BASELINES")
    _check_names("DECLARED", mappings["DECLARED"], CORRUPTIONS, "the corruptions")
    _check_names("HEAD", head, (*rows, *baselines), "RUNS and BASELINES")
    _check_names("REFERENCE", () if reference is None else (reference,), rows, "RUNS")
    return TableSettings(
        mappings["PAPER"],
        mappings["LABELS"],
        mappings["PAPER_SCORE"],
        mappings["DECLARED"],
        baselines,
        reference,
        head,
    )


def _names(values: Mapping[str, object], attribute: str, kind: str) -> tuple[str, ...]:
    """The names that an attribute lists."""
    names = values.get(attribute, ())
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise UserError(f"{attribute} is {names!r}; give a tuple of {kind}, or leave it out")
    return tuple(names)


def _check_names(attribute: str, names: Iterable, allowed: Collection, where: str) -> None:
    unknown = [name for name in names if name not in allowed]
    if unknown:
        listed = ", ".join(allowed)
        raise UserError(f"{attribute} names {unknown[0]!r}, which is not in {where}; choose from {listed}")
