"""Frame scores: one number per frame out of its maps of surprise. To add a score, add its row to SCORES, and its
function to `score_functions.py`.

Every score is higher for a more anomalous frame. All but the last two look at counted pixels only: a pixel that
was shown to the model saw itself and says nothing. The last two charge it what the past alone gives it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar

import jax

from vpn_anomaly.scoring import score_functions as functions
from vpn_anomaly.scoring.event_kinds import KIND_NAMES
from vpn_anomaly.scoring.places import PLACE_MAPS
from vpn_anomaly.scoring.windows import Windows
from vpn_anomaly.systems.system import Maps, System

_Value = TypeVar("_Value")


@dataclasses.dataclass(frozen=True)
class Score:
    """A score of frames.

    Attributes:
        name: of its column in files and tables.
        needs: what it is made of, as `System.statistics` names it; a system that makes all of these
            has the score. "nll.place": what windows of "nll" show in normal footage, of streams that are
            compared with it.
        function: from maps (..., H, W) to scores (...,); NaN for a frame without counted pixels.
        unit: of the score.
        meaning: what it tells, in a line.
        map: the map that shows where the score comes from; one of `needs`.
        event_kind: the kind of event that it finds (`event_kinds.py`); None: none.
        windows: of a score that finds events: from maps to a value of every window inside the frame,
            by the windows' side s, (..., H−s+1, W−s+1). An event is boxed by the window of the
            greatest value: the one that raised the score.
        in_any: whether the combined score `any` is made of it (`Calibration.any`), unless a later row with the
            same kind of event is there.
        in_joint: whether `any_joint` has it beside those of `any`.
        in_novelty: whether it is summed up with others, of which `any` is made then (`Calibration.novelty`).
        drawn: whether an evaluation draws its ROC curves and histograms.
    """

    name: str
    needs: tuple[str, ...]
    function: Callable[[Maps], jax.Array]
    unit: str
    meaning: str
    map: str
    event_kind: str | None = None
    windows: Callable[[Maps], Windows] | None = None
    in_any: bool = False
    in_joint: bool = False
    in_novelty: bool = False
    drawn: bool = False


def score_named(name: str) -> Score:
    """The row of this name. KeyError for a name that has none, such as that of a derived score."""
    return {score.name: score for score in SCORES}[name]


def frame_scores(maps: Maps) -> dict[str, jax.Array]:
    """Returns the scores that the maps allow, by name, (...,) each; can be jit-compiled.

    In the order of SCORES; a compiled function sorts the names (see `in_order`). A score whose maps
    are missing has no key, and a frame without counted pixels scores NaN.

    Args:
      maps: arrays (..., H, W), and the frames.
    """
    made = {
        *maps.value,
        *(f"{name}.mean" for name in maps.mean),
        *(f"{name}.variance" for name in maps.variance),
        *(f"{name}.place" for name in maps.places),
    }
    return {score.name: score.function(maps) for score in SCORES if made.issuperset(score.needs)}


def score_names(system: System, tail: bool = True, places: bool = False) -> tuple[str, ...]:
    """The scores of a system, in the order of columns.

    tail: with those of tails and entropies. places: with those against what a place shows in normal footage.
    """
    made = system.statistics(tail)
    if places:
        made |= {f"{name}.place" for name in PLACE_MAPS if name in made}
    return tuple(score.name for score in SCORES if made.issuperset(score.needs))


def event_scores(system: System, tail: bool = True, places: bool = False) -> dict[str, str]:
    """The score that finds each kind of event, by kind, in the order of `EVENT_KINDS`.

    Where a system has several scores of one kind, the later row of SCORES finds it: motion is found
    by `tail_mean`, by `mean_nll` where there are no tails, and by `place_z` where places are compared.
    """
    by_kind = {score_named(name).event_kind: name for name in score_names(system, tail, places)}
    return {kind: by_kind[kind] for kind in KIND_NAMES if kind in by_kind}


def in_order(scores: Mapping[str, _Value]) -> dict[str, _Value]:
    """The scores by name in the order of columns; other keys are left out."""
    return {score.name: scores[score.name] for score in SCORES if score.name in scores}


def _unusual(kind: str, meaning: str) -> Score:
    """The score of one way in which a cell is unusual (`systems/normal_cells.py`)."""
    return Score(
        name=kind,
        needs=(kind,),
        function=functions.greatest(kind),
        unit="nats",
        meaning=f"{meaning}: the place with the greatest surprise, by normal footage",
        map=kind,
        event_kind=kind,
        windows=functions.means(kind),
        in_novelty=True,
    )


# In the order of the columns of tables and files.
SCORES = (
    Score(
        name="mean_nll",
        needs=("nll",),
        function=functions.mean_nll,
        unit="nats per pixel",
        meaning="the paper's score: mean surprise −log q(x) of the hidden pixels",
        map="nll",
        event_kind="motion",
        windows=functions.nll_windows,
        drawn=True,
    ),
    Score(
        name="excess_nll",
        needs=("nll", "nll.mean"),
        function=functions.excess_nll,
        unit="nats per pixel",
        meaning="surprise beyond what the model itself expected, the entropy",
        map="nll",
    ),
    Score(
        name="tail_mean",
        needs=("tail",),
        function=functions.tail_mean,
        unit="nats per pixel",
        meaning="how far out in the predicted distribution the values are, whatever the number of likely values",
        map="tail",
        event_kind="motion",
        windows=functions.tail_windows,
        in_any=True,
        drawn=True,
    ),
    Score(
        name="missing_z",
        needs=("missing", "missing.mean", "missing.variance"),
        function=functions.missing_z,
        unit="standard deviations",
        meaning="the window in which most is missing",
        map="missing",
        event_kind="missing",
        windows=functions.missing_windows,
        in_any=True,
        drawn=True,
    ),
    Score(
        name="intruding_z",
        needs=("intruding", "intruding.mean", "intruding.variance"),
        function=functions.intruding_z,
        unit="standard deviations",
        meaning="the window in which most is present that should not be",
        map="intruding",
        event_kind="intruding",
        windows=functions.intruding_windows,
        in_any=True,
    ),
    # Not of a system that hides blocks, which has no `nll`.
    Score(
        name="erased_z",
        needs=("missing", "missing.mean", "missing.variance", "nll"),
        function=functions.erased_z,
        unit="standard deviations",
        meaning="missing_z over flat 3×3 windows only: something was erased or covered, not misplaced",
        map="missing",
        drawn=True,
    ),
    Score(
        name="frame_error",
        needs=("error",),
        function=functions.frame_error,
        unit="squared intensities (0 to 1)",
        meaning="mean squared error of a system that predicts one value per pixel",
        map="error",
        drawn=True,
    ),
    Score(
        name="detail_excess",
        needs=("detail", "detail.mean"),
        function=functions.detail_excess,
        unit="nats",
        meaning="the 3×3 window whose surprise most exceeds the expected one, the entropy",
        map="detail",
        event_kind="detail",
        windows=functions.detail_windows,
        in_any=True,
        drawn=True,
    ),
    # Of streams whose frames are compared with normal ones, place by place (`places.py`).
    Score(
        name="place_z",
        needs=("nll", "nll.place"),
        function=functions.place_z,
        unit="standard deviations",
        meaning="the window of a thing's size whose surprise is highest above what its place shows in normal footage",
        map="nll",
        event_kind="motion",
        windows=functions.nll_place_windows,
        in_any=True,
    ),
    Score(
        name="detail_place_z",
        needs=("detail", "detail.place"),
        function=functions.detail_place_z,
        unit="standard deviations",
        meaning="the same of the surprise within blocks, by what is around them",
        map="detail",
        event_kind="detail",
        windows=functions.detail_place_windows,
        in_any=True,
    ),
    _unusual("speed", "how fast something moves"),
    _unusual("direction", "where to it moves, for this place"),
    _unusual("presence", "what stands out from the background, for this place"),
    _unusual("change", "how much it changes, and its edges"),
    _unusual("appearance", "how it looks"),
    # Of a model that was also trained without the masked frame (`train.mask_dropout`).
    Score(
        name="joint_nll",
        needs=("joint",),
        function=functions.frame_mean("joint"),
        unit="nats per pixel",
        meaning="mean surprise of all pixels: of the hidden ones given the shown, of these given the past alone",
        map="joint",
    ),
    Score(
        name="surprise_of_shown",
        needs=("surprise_of_shown",),
        function=functions.frame_mean("surprise_of_shown"),
        unit="nats per pixel",
        meaning="the part of it that the shown pixels have: what an anomalous frame explains away",
        map="surprise_of_shown",
        in_joint=True,
    ),
)
