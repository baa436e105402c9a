"""One validation sequence, the same on every page of a training, with the maps that its weights give at the time."""

import dataclasses
import operator
from collections.abc import Sequence

import jax
import matplotlib
import numpy as np
from matplotlib.colors import to_rgb

from vpn_anomaly.data.pipeline import EvaluationClips, clips_at
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.colours import COLOUR_MAP
from vpn_anomaly.report.map_rows import MapRow, map_row
from vpn_anomaly.report.parts import Card, Cards, ColourBar, Picture, Text
from vpn_anomaly.report.pictures import image_uri, picture
from vpn_anomaly.report.sequences_figures import NOTED_SCORES
from vpn_anomaly.report.surprise_figure import NEUTRAL, masked_image
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.frame_view import PREDICTION, prediction
from vpn_anomaly.scoring.scores import SCORES
from vpn_anomaly.systems.system import Maps

INDEX = 0  # of the sequence in the validation split
WHOLE = "both"  # the corruption that is shown where it is evaluated: both of the others in one
# The maps that are drawn, of those that the system makes: those of the evaluation, but for that of the prediction.
DRAWN = tuple(name for name in NOTED_SCORES if name != PREDICTION)
LEVELS = 256


@dataclasses.dataclass(frozen=True)
class FixedClip:
    """The sequence, with and without a corruption.

    Attributes:
        sequences: by label, each of one clip.
        problem: why there is none under a corruption; empty if there is one.
    """

    sequences: dict[str, EvaluationClips]
    problem: str = ""


def fixed_clip(source, corruptions: Sequence[str]) -> FixedClip:
    """The sequence of a source, under the corruption that has most in it of those that are evaluated."""
    kind = WHOLE if WHOLE in corruptions else corruptions[0]
    sequences, problem = {"normal": clips_at(source, "validation", [INDEX])}, ""
    try:
        sequences[kind] = clips_at(source, "validation", [INDEX], kind)
    except UserError as error:  # footage may be too dark for a black square
        problem = str(error)
    return FixedClip(sequences, problem)


def map_parts(fixed: FixedClip, scorer: ClipScorer) -> list[Text | ColourBar | Cards]:
    """Its last frame, what the system sees of it and predicts, and the maps, a card for each sequence."""
    sequences = list(fixed.sequences.values())
    clips = np.concatenate([one.clip for one in sequences])
    scored = [
        jax.tree.map(operator.itemgetter((place, 0)), (scores, maps))
        for scores, maps in scorer.batches(clips, (clips.shape[1] - 1,))
        for place in range(len(maps.counted))
    ]
    if any(np.isnan(x).any() for _, maps in scored for x in maps.value.values()):
        return [Text(["The maps by the weights of this step are not numbers: the training diverges."])]
    pictured_HxW = scorer.system.shown_in_figures(*clips.shape[2:4], scorer.shift_Mx2)
    cards = [
        Card(label, _scores_text(scores), _pictures(one, pictured_HxW, maps), f"clip-{label}")
        for (label, one), (scores, maps) in zip(fixed.sequences.items(), scored, strict=True)
    ]
    bars = [_colour_bar(map_row(name)) for name in _drawn(scored[0][1])]
    about = (
        "The same validation sequence on every page, in the same colours: its last frame, and what the weights of"
        " this step make of it. A box is round what was corrupted. Pixels that do not count show the frame in the"
        " prediction, and are grey in the maps."
    )
    return [Text([about, fixed.problem] if fixed.problem else [about]), *bars, Cards(cards)]


def _scores_text(scores) -> str:
    drawn = [score.name for score in SCORES if score.drawn and score.name in scores]
    return " · ".join(f"{name} {scores[name]:.3g}" for name in drawn)


def _drawn(maps: Maps) -> list[str]:
    return [name for name in DRAWN if name in maps.value]


def _pictures(sequence: EvaluationClips, pictured_HxW: np.ndarray, maps: Maps) -> list[Picture]:
    last_HxWxC = sequence.clip[0, -1]
    found = [
        picture(last_HxWxC, "the last frame", _box(sequence.changed[0])),
        picture(masked_image(last_HxWxC, pictured_HxW), "the masked frame"),
    ]
    if PREDICTION in maps.value:
        found.append(picture(prediction(maps), "what the model expects: the mean of its prediction"))
    for name in _drawn(maps):
        coloured = coloured_map(maps.value[name], maps.counted, map_row(name).brightest)
        found.append(picture(coloured, map_row(name).title))
    return found


def coloured_map(map_HxW: np.ndarray, counted_HxW: np.ndarray, brightest: float) -> np.ndarray:
    """The map in colours from 0 to `brightest`, uint8 (H, W, 3); neutral where pixels do not count."""
    level_HxW = np.rint((LEVELS - 1) * np.clip(map_HxW / brightest, 0, 1)).astype(int)
    neutral_3 = np.rint(255 * np.array(to_rgb(NEUTRAL))).astype(np.uint8)
    return np.where(counted_HxW[..., None], _colours_Vx3()[level_HxW], neutral_3)


def _colours_Vx3() -> np.ndarray:
    return matplotlib.colormaps[COLOUR_MAP](np.linspace(0, 1, LEVELS), bytes=True)[:, :3]


def _colour_bar(row: MapRow) -> ColourBar:
    colours = _colours_Vx3()[None]
    return ColourBar(
        image_uri(colours), f"{row.title}:", f"0 {row.unit}", f"{row.brightest:g} {row.unit} or more"
    )


def _box(changed_HxW: np.ndarray) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) round all pixels that changed; None: none did."""
    rows, columns = np.nonzero(changed_HxW)
    if not len(rows):
        return None
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1
