"""Everything that can be chosen by name, one row each: systems, kinds of attention, labelled sets.

A row names its code and imports it on demand, so that the command line knows the choices without
loading a model. To add one, write its file and add its row.
"""

import dataclasses
import importlib
import types
from collections.abc import Callable, Mapping

from vpn_anomaly import system_rules
from vpn_anomaly.errors import UserError
from vpn_anomaly.system_rules import Rule, Values


@dataclasses.dataclass(frozen=True)
class SystemRow:
    """A system.

    Attributes:
        name: the value of `system`.
        build: "module:function" that builds it, a `systems.system.System`, from a config.
        streams: it processes frames one by one, at a constant cost per frame.
        fits: it is fitted to whole normal videos instead of trained by gradient steps.
        carries: training can carry its memory over from one batch to the next.
        attends: it uses the attention configured by model.attention.
        any_size: it accepts frames of any size, regardless of model.stem.
        draws_with_replacement: the loss draws pixels with replacement, so that any number is allowed.
        first_target: the first frame that it can be trained on, and the reason.
        rules: rules for its own fields.
        only_its: fields that no other system reads, with the values that they must have for those.
    """

    name: str
    build: str
    streams: bool = False
    fits: bool = False
    carries: bool = False
    attends: bool = False
    any_size: bool = False
    draws_with_replacement: bool = False
    first_target: Callable[[Values], tuple[int, str]] = lambda values: (0, "any frame")
    rules: tuple[Rule, ...] = ()
    only_its: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def builder(self) -> Callable:
        """The function that `build` names."""
        return _imported(self.build)

    def check_sequences(self) -> None:
        """Raises UserError for a system that does not score sequences."""
        if self.fits:
            raise UserError(
                f"system {self.name} sees whole videos, not sequences, which --mode=score scores; use"
                " --mode=watch"
            )

    def check_streams(self) -> None:
        """Raises UserError for a system that does not stream."""
        if not self.streams:
            raise UserError(
                f"system {self.name} does not take frames one by one, as --mode=watch does; "
                f"use {systems_in_words(lambda row: row.streams)}"
            )


@dataclasses.dataclass(frozen=True)
class AttentionRow:
    """A kind of attention.

    Attributes:
        name: the value of `model.attention.kind`.
        build: "module:function" that builds it, a `models.attention.attention.Attention`, from the
            section model.attention, the horizon and a dtype.
        rules: rules for its fields, checked for systems that attend.
    """

    name: str
    build: str
    rules: tuple[Rule, ...] = ()

    def builder(self) -> Callable:
        """The function that `build` names."""
        return _imported(self.build)


@dataclasses.dataclass(frozen=True)
class LabelledSetRow:
    """A labelled video set.

    Attributes:
        name: the value of `data.source`.
        module: the module that reads it. It has LAYOUT (`data.labelled.layouts.Layout`) and the functions
            `training_sources` and `test_sources` of the folder, `check_layout` and `test_clips` of the
            folder and a memory limit.
    """

    name: str
    module: str

    def reader(self) -> types.ModuleType:
        """The module that `module` names."""
        return importlib.import_module(self.module)


SYSTEMS = (
    SystemRow(
        "inpainting",
        "vpn_anomaly.systems.inpainting:build",
        streams=True,
        carries=True,
        attends=True,
        first_target=system_rules.the_first_inpainted_frame,
        rules=(system_rules.the_last_frame_has_its_context, system_rules.a_masked_frame_is_withheld),
        only_its={
            "model.horizon": 1,
            "train.motion_share": 0.0,
            "train.skipped": 0.0,
            "train.mask_dropout": 0.0,
        },
    ),
    SystemRow("vpn", "vpn_anomaly.systems.vpn:build", first_target=lambda values: (1, "one frame before")),
    SystemRow(
        "conv_lstm_autoencoder",
        "vpn_anomaly.systems.conv_lstm_autoencoder:build",
        rules=(system_rules.the_window_fits_the_sequence,),
    ),
    SystemRow(
        "frame_autoencoder",
        "vpn_anomaly.systems.frame_autoencoder:build",
        rules=(system_rules.the_frame_can_be_halved,),
    ),
    SystemRow(
        "block_inpainting",
        "vpn_anomaly.systems.block_inpainting:build",
        streams=True,
        any_size=True,
        draws_with_replacement=True,
        rules=(system_rules.the_hidden_blocks_fit_the_frame,),
    ),
    SystemRow(
        "normality",
        "vpn_anomaly.systems.normality:build",
        streams=True,
        any_size=True,
        fits=True,
        rules=(system_rules.normality_sees_videos, system_rules.normality_fits_the_frame),
    ),
)

ATTENTIONS = (
    AttentionRow("full", "vpn_anomaly.models.attention.full:build"),
    AttentionRow("depthwise", "vpn_anomaly.models.attention.depthwise:build"),
    AttentionRow(
        "correlation",
        "vpn_anomaly.models.attention.correlation:build",
        rules=(system_rules.cells_fit_frames_and_stem, system_rules.correlation_has_its_frames),
    ),
    AttentionRow(
        "layers",
        "vpn_anomaly.models.attention.layers:build",
        rules=(system_rules.cells_fit_frames_and_stem, system_rules.tracks_have_their_frames),
    ),
    AttentionRow("none", "vpn_anomaly.models.attention.none:build"),
)

LABELLED_SETS = (
    LabelledSetRow("ucsd", "vpn_anomaly.data.labelled.ucsd"),
    LabelledSetRow("avenue", "vpn_anomaly.data.labelled.avenue"),
    LabelledSetRow("shanghaitech", "vpn_anomaly.data.labelled.shanghaitech"),
    LabelledSetRow("frame_folders", "vpn_anomaly.data.labelled.frame_folders"),
)

# What a model can be exported as; their rows are in `export/formats.py`. The first is the default.
EXPORT_FORMATS = ("stablehlo", "onnx")


def check_export_format(name: str) -> None:
    """UserError for a format that there is not."""
    if name not in EXPORT_FORMATS:
        raise UserError(
            f"there is no format {name!r} to export as; the formats are: {', '.join(EXPORT_FORMATS)}"
        )


def system_named(name: str) -> SystemRow:
    """The row of a system; KeyError for an unknown name."""
    return {row.name: row for row in SYSTEMS}[name]


def unread_fields(system: str) -> dict[str, object]:
    """The fields of other systems alone, with the values that they must have for this one."""
    own = {name for row in SYSTEMS if row.name == system for name in row.only_its}
    return {name: off for row in SYSTEMS for name, off in row.only_its.items() if name not in own}


def attention_named(name: str) -> AttentionRow:
    """The row of a kind of attention; KeyError for an unknown name."""
    return {row.name: row for row in ATTENTIONS}[name]


def labelled_set_named(name: str) -> LabelledSetRow | None:
    """The row of a labelled set; None for any other value of data.source."""
    return {row.name: row for row in LABELLED_SETS}.get(name)


def names(rows) -> tuple[str, ...]:
    """The names of rows, in their order."""
    return tuple(row.name for row in rows)


def systems_in_words(can: Callable[[SystemRow], bool]) -> str:
    """The systems with some ability, in words: "inpainting or block_inpainting"."""
    return " or ".join(row.name for row in SYSTEMS if can(row))


def _imported(path: str):
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
