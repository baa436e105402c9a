"""Rules against combinations of fields that are invalid for one system or one kind of attention.

Each is listed in the catalogue row that it belongs to; `config_rules.py` has the rules for all.
"""

from collections.abc import Callable, Mapping
from typing import Any

Values = Mapping[str, Any]  # field values by dotted name
Rule = Callable[[Values], str | None]  # the message that says why and what to do; None if valid

AUTOENCODER_STRIDE = 8  # pixels per position of the code
NORMALITY_CELLS = 3  # that a frame holds in each direction, at least


def the_first_inpainted_frame(values: Values) -> tuple[int, str]:
    """The first frame that follows the context by the horizon, and why it is the first."""
    context, horizon = values["model.context"], values["model.horizon"]
    reason = "model.context" if horizon == 1 else "model.context + model.horizon - 1"
    return context + horizon - 1, reason


def the_last_frame_has_its_context(values: Values) -> str | None:
    frames, context, horizon = values["data.frames"], values["model.context"], values["model.horizon"]
    first, _ = the_first_inpainted_frame(values)
    if first < frames:
        return None
    if horizon == 1:
        return (
            f"model.context is {context} frames, so that a sequence needs at least "
            f"{first + 1}, but data.frames is {frames}"
        )
    return (
        f"model.context is {context} frames and model.horizon {horizon}, so that a sequence needs at least "
        f"{first + 1}, but data.frames is {frames}"
    )


def a_masked_frame_is_withheld(values: Values) -> str | None:
    share = values["train.mask_dropout"]
    if share and not values["model.use_masked_frame"]:
        return (
            f"train.mask_dropout is {share}, the part of the targets whose masked frame is withheld, but"
            " model.use_masked_frame is False; set train.mask_dropout to 0"
        )
    return None


def the_window_fits_the_sequence(values: Values) -> str | None:
    past, future = values["model.composite.past"], values["model.composite.future"]
    if past + future > max(values["train.targets"]) + 1:
        return (
            f"model.composite.past {past} and model.composite.future {future} need "
            f"{past + future} frames, but the last of train.targets is frame "
            f"{max(values['train.targets'])}, the first being 0"
        )
    return None


def the_frame_can_be_halved(values: Values) -> str | None:
    for name in ("data.height", "data.width"):
        if values[name] % AUTOENCODER_STRIDE:
            return (
                f"{name} is {values[name]}, but system {values['system']} needs a multiple of "
                f"{AUTOENCODER_STRIDE}"
            )
    return None


def the_hidden_blocks_fit_the_frame(values: Values) -> str | None:
    small, large = values["model.unet.hidden_blocks"]
    side = min(values["data.height"], values["data.width"])
    if not small <= large or side and large >= side:
        return (
            f"model.unet.hidden_blocks is {(small, large)}, but the small ones come first and the "
            "large ones have to leave something of a frame of "
            f"{values['data.height']}×{values['data.width']} pixels to see"
        )
    return None


def cells_fit_frames_and_stem(values: Values) -> str | None:
    cell, stem = values["model.attention.cell"], values["model.stem"]
    for name in ("data.height", "data.width"):
        if values[name] % cell:
            return f"model.attention.cell {cell} does not divide {name} {values[name]}"
    if cell % stem and stem % cell:
        return f"model.attention.cell {cell} and model.stem {stem}: one has to divide the other"
    return None


def correlation_has_its_frames(values: Values) -> str | None:
    content, context = values["model.attention.content_frames"], values["model.context"]
    kind, horizon = values["model.attention.kind"], values["model.horizon"]
    needed = 1 + horizon + content
    if context >= needed:
        return None
    if horizon == 1:
        return (
            f"model.context is {context}, but attention of kind {kind} compares"
            f" the last {needed} frames (2 + model.attention.content_frames)"
        )
    return (
        f"model.context is {context}, but attention of kind {kind} compares frames as far apart as the horizon,"
        f" the last {needed} frames (1 + model.horizon + model.attention.content_frames); set model.context to"
        f" {needed} or more"
    )


def tracks_have_their_frames(values: Values) -> str | None:
    content, context = values["model.attention.content_frames"], values["model.context"]
    horizon = values["model.horizon"]
    needed = 1 + horizon * max(content - 1, 1)
    if context >= needed:
        return None
    return (
        f"model.context is {context}, but attention of kind {values['model.attention.kind']} looks at"
        f" {max(content, 2)} frames (model.attention.content_frames {content}) that lie model.horizon {horizon}"
        f" apart, the last {needed}; set model.context to {needed} or more"
    )


def normality_sees_videos(values: Values) -> str | None:
    if values["data.source"] == "sequences":
        return (
            "system normality learns what a camera shows from videos, but data.source is sequences; set"
            " data.source to video or to a labelled set, and data.path"
        )
    if values["model.normality.cell"] % 2:
        return f"model.normality.cell is {values['model.normality.cell']}; set an even number, or 0"
    return None


def normality_cell(cell: int, height: int) -> int:
    """The side of the cells of system normality, pixels; for 0 a thirtieth of the frame's height, even, 4 or more."""
    return cell or max(4, 2 * round(height / 60))


def normality_fits_the_frame(values: Values) -> str | None:
    size = height, width = values["data.height"], values["data.width"]
    if not height:
        return None  # until the videos say
    cell, radius = values["model.normality.cell"], values["model.normality.radius"]
    least = NORMALITY_CELLS * normality_cell(cell, height)
    if min(size) < least:
        return (
            f"frames are {height}×{width} pixels at work size, but system normality needs {least}×{least} or more,"
            f" {NORMALITY_CELLS} cells in each direction; give larger frames"
            f"{' or set model.normality.cell to 0' if cell else ''}"
        )
    if radius >= min(size):
        return (
            f"model.normality.radius is {radius}, but frames are {height}×{width} pixels at work size; set how far"
            f" things move in model.normality.gap frames, less than {min(size)}"
        )
    return None
