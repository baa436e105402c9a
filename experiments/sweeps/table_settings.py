"""What a sweep's definition file says about its table; every attribute is optional.

PAPER = {"ours": 87.0}                        # the paper's figure, percent, by row
LABELS = {"ours": "ours (full attention)"}    # default: the row's name with spaces
PAPER_SCORE = {"conv_lstm": "frame_error"}    # the score of the paper, by row; default mean_nll
DECLARED = {"spatial": "missing_z"}           # the score declared beforehand, by corruption
UNLEARNED = ("constant",)                     # scores without learning that get a row
COMPARED = "ours"                             # the row that all others are compared with
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from vpn_anomaly.errors import UserError

CORRUPTIONS = ("both", "temporal", "spatial", "mixed")  # the table's columns, in order
DEFAULT_SCORE = "mean_nll"


@dataclasses.dataclass(frozen=True)
class TableSettings:
    """The attributes above by their names in small letters; `compared` is None without one."""

    paper: Mapping[str, float] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    paper_score: Mapping[str, str] = dataclasses.field(default_factory=dict)
    declared: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unlearned: tuple[str, ...] = ()
    compared: str | None = None

    def label(self, row: str) -> str:
        """The row's name for readers."""
        return self.labels.get(row, row.replace("_", " "))

    def score_of(self, row: str) -> str:
        """The score of the paper for a row; a row without learning is a score itself."""
        return row if row in self.unlearned else self.paper_score.get(row, DEFAULT_SCORE)


def table_settings(
    values: Mapping[str, object], rows: Collection[str], stored_scores: Collection[str]
) -> TableSettings:
    """Reads what a definition file says about its table.

    Args:
        values: the names that the file defines, any of the attributes above among them.
        rows: the names in its RUNS.
        stored_scores: its STORED_SCORES.

    Raises:
        UserError: an attribute is of the wrong kind, or names a row, a corruption or a score that is
            not there.
    """
    mappings = {name: values.get(name, {}) for name in ("PAPER", "LABELS", "PAPER_SCORE", "DECLARED")}
    for name, value in mappings.items():
        if not isinstance(value, Mapping):
            raise UserError(f"{name} is {value!r}; give a dict, or leave it out")
    unlearned = values.get("UNLEARNED", ())
    if isinstance(unlearned, str) or not isinstance(unlearned, Iterable):
        raise UserError(f"UNLEARNED is {unlearned!r}; give a tuple of scores, or leave it out")
    unlearned, compared = tuple(unlearned), values.get("COMPARED")
    _check_names("UNLEARNED", unlearned, stored_scores, "STORED_SCORES")
    for name in ("PAPER_SCORE", "DECLARED"):
        _check_names(name, mappings[name].values(), stored_scores, "STORED_SCORES")
    for name in ("PAPER", "PAPER_SCORE"):
        _check_names(name, mappings[name], rows, "RUNS")
    _check_names("LABELS", mappings["LABELS"], (*rows, *unlearned), "RUNS and UNLEARNED")
    _check_names("DECLARED", mappings["DECLARED"], CORRUPTIONS, "the corruptions")
    _check_names("COMPARED", () if compared is None else (compared,), rows, "RUNS")
    return TableSettings(
        mappings["PAPER"],
        mappings["LABELS"],
        mappings["PAPER_SCORE"],
        mappings["DECLARED"],
        unlearned,
        compared,
    )


def _check_names(attribute: str, names: Iterable, allowed: Collection, where: str) -> None:
    unknown = [name for name in names if name not in allowed]
    if unknown:
        listed = ", ".join(allowed)
        raise UserError(f"{attribute} names {unknown[0]!r}, which is not in {where}; choose from {listed}")
