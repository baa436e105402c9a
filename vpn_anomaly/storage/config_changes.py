"""Which fields of a config may differ from those that something was trained with, and which do."""

import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config as config_module
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import MEMBERS

# Fields that may change between training and evaluation, as prefixes of dotted names.
_OF_ONE_MODEL = ("evaluate.", "score.", "watch.", "data.video.max_gigabytes")
# Fields of how a step is computed, not of what: they change memory, and results by rounding. A training may go on
# with others where there is more memory, or less.
COMPUTATION_FIELDS = ("train.microbatches", "model.lstm.chunk")
SHOWN_FIELDS = ("train.report_every",)  # of how a training is shown, not of what is learned
_OF_MEMBERS = ("every", "share", *_OF_ONE_MODEL)
CHANGEABLE_FIELDS = (
    *COMPUTATION_FIELDS,
    *SHOWN_FIELDS,
    *_OF_ONE_MODEL,
    *(f"detector.{member.name}.{field}" for member in MEMBERS for field in _OF_MEMBERS),
)
MEMBERS_FIELD = "detector.members"
DATA_SET_FIELDS = ("data.source", "data.path", "data.video.")  # which labelled set, and how it is read


def check_same(stored: Mapping, config: ConfigDict, where: pathlib.Path, free: tuple[str, ...] = ()) -> None:
    """Raises UserError naming each field, with both values, in which the run in `where` differs.

    Fields of CHANGEABLE_FIELDS and of `free` may differ. A field missing from the stored config has its
    default value.
    """
    changes = describe_differences(stored, config, CHANGEABLE_FIELDS + free)
    if not changes:
        return
    before = _stored_members(stored)
    only_members = not describe_differences(stored, config, (*CHANGEABLE_FIELDS, *free, MEMBERS_FIELD))
    remedy = f'set --config.{MEMBERS_FIELD}="{before}" or ' if only_members else ""
    raise UserError(f"{where} holds a run of another config: {changes}; {remedy}use another --workdir")


def chosen_members(stored: Mapping, config: ConfigDict) -> tuple[str, ...]:
    """The field of members, as one that may differ, if the config has some of those that were trained."""
    chosen = set(config.detector.members)
    return (MEMBERS_FIELD,) if chosen and chosen <= set(_stored_members(stored)) else ()


def describe_differences(stored: Mapping, config: ConfigDict, free: tuple[str, ...] = ()) -> str:
    """The fields that differ, except those of the `free` sections, with both values; empty if none does.

    A field missing from the stored config is newer than it, and has its default value. Fields of members
    that not both configs have mean nothing.
    """
    before = {**config_module.flat(config_module.defaults()), **config_module.shown(stored)}
    now = config_module.shown(config)
    of_both = set(config.detector.members) & set(_stored_members(stored))
    free += tuple(f"detector.{row.name}." for row in MEMBERS if row.name not in of_both)
    return ", ".join(
        f"{name} {before.get(name)!r} there and {now.get(name)!r} here"
        for name in config_module.differences(before, now)
        if not name.startswith(free)
    )


def _stored_members(stored: Mapping) -> tuple:
    found = config_module.flat(stored).get(MEMBERS_FIELD)
    return found if isinstance(found, tuple) else ()
