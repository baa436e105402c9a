"""The members of a detector: the config of each, made from the detector's.

A field of the detector's config holds for every member, unless the member has its own value of it, the
field detector.NAME.FIELD (`member_rows.py`). Without members, the config is that of a single model.
"""

import contextlib
from collections.abc import Iterator, Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config as configuration
from vpn_anomaly.catalogue import system_named, unread_fields
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import member_named

SECTION = "detector."


def member_config(config: ConfigDict, name: str) -> ConfigDict:
    """The config of a member: complete, that of a run without members."""
    row, values = member_named(name), configuration.flat(config)
    unread = unread_fields(str(row.fields.get("system", config.system)))
    own = {field: values[f"{SECTION}{name}.{field}"] for field in row.own_fields}
    without_members = {
        field: value
        for field, value in configuration.flat(configuration.defaults()).items()
        if field.startswith(SECTION)
    }
    member = config.copy_and_resolve_references()
    member.update_from_flattened_dict({**unread, **row.fields, **own, **without_members})
    return member


def with_resolved(config: ConfigDict, resolved: Mapping[str, ConfigDict]) -> ConfigDict:
    """The detector's config of which the members' configs are these.

    Args:
        resolved: by name; they differ from `member_config` only in fields that the members have of their own.
    """
    whole = config.copy_and_resolve_references()
    for name, member in resolved.items():
        values = configuration.flat(member)
        own = member_named(name).own_fields
        whole.update_from_flattened_dict({f"{SECTION}{name}.{field}": values[field] for field in own})
    return whole


def member_configs(config: ConfigDict) -> dict[str, ConfigDict]:
    """The configs of all members by name, in the order of `detector.members`; empty without members."""
    return {name: member_config(config, name) for name in config.detector.members}


def shares(config: ConfigDict) -> Mapping[str, float]:
    """The part of the allowed false alarms that each member may raise; they sum to 1."""
    parts = {name: config.detector[name].share for name in config.detector.members}
    return {name: part / sum(parts.values()) for name, part in parts.items()}


def every(config: ConfigDict, name: str) -> int:
    """Of how many frames of a stream the member looks at one."""
    return config.detector[name].every


def check(config: ConfigDict) -> None:
    """`config.check` for the detector's config and that of every member."""
    configuration.check(config)
    for name, member in member_configs(config).items():
        with naming(name):
            configuration.check(member)
            system_named(member.system).check_streams()


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Puts the name of a member, if it has one, in front of a UserError."""
    try:
        yield
    except UserError as error:
        if not name:
            raise
        raise UserError(f"member {name}: {error}") from error
