"""What a command asks of each member of its detector, with no field of its config left open."""

import dataclasses
from collections.abc import Mapping

from vpn_anomaly import members
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.data.tensorflow.importing import tfds_is_installed
from vpn_anomaly.distributed import group
from vpn_anomaly.member_rows import MOTION, member_named
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.storage import config_changes, workdir
from vpn_anomaly.text.telling import tell


def resolved(arguments: Arguments) -> Arguments:
    """The arguments with the config fields that the initial weights or the videos determine.

    Those of a detector with members are the fields that it shares with its motion member.
    JAX is initialised only if a field is left to be determined.
    """
    config, is_run = arguments.config, arguments.checkpoint is None
    of_motion = _is_of_motion(arguments)
    starts_from_weights = of_motion and is_run and bool(config.train.start_from)
    depth_is_open = is_run and config.data.source != "sequences" and not config.data.video.depth
    if not (starts_from_weights or depth_is_open or of_motion and _size_or_radius_is_open(config)):
        return arguments
    check_devices()
    from vpn_anomaly.training import footage_fields, initial_weights

    if starts_from_weights:
        config = initial_weights.resolve_model(config, arguments.overrides)
    if depth_is_open:
        trains = arguments.mode in (None, "train")
        config = footage_fields.resolve_depth(config, arguments.workdir, trains)
    if of_motion and _size_or_radius_is_open(config):
        config = footage_fields.resolve_size_and_radius(config, arguments.workdir)
    return dataclasses.replace(arguments, config=config)


def with_digits(arguments: Arguments) -> Arguments:
    """The arguments with the embedded digits where those of a config file cannot be read: without TensorFlow.

    A run that was begun with them goes on with them. The first process decides for all.
    """
    config = arguments.config
    if (
        config.data.digits != "tfds"
        or "data.digits" in arguments.overrides
        or arguments.checkpoint is not None
    ):
        return arguments
    directory = arguments.workdir

    def are_embedded() -> bool:
        stored = workdir.stored_field(directory, "data.digits") if directory is not None else None
        return not tfds_is_installed() if stored is None else stored == "embedded"

    if not group.by_first(are_embedded):
        return arguments
    tell(
        "data.digits=tfds needs tensorflow and tensorflow-datasets, which are not installed (or were not when this"
        " run was begun): the 12,000 digits in the package are used, data.digits=embedded"
    )
    resolved = config.copy_and_resolve_references()
    resolved.data.digits = "embedded"
    return dataclasses.replace(arguments, config=resolved)


def of_members(arguments: Arguments) -> dict[str, Arguments]:
    """By name what the command asks of each member: those of a run of its own, resolved.

    Of a run without members: the arguments as they are, under an empty name.

    Args:
        arguments: resolved.
    """
    if not arguments.config.detector.members:
        return {"": arguments}
    return {name: resolved(of_member(arguments, name)) for name in arguments.config.detector.members}


def of_member(arguments: Arguments, name: str) -> Arguments:
    """What the command asks of one member."""
    folder = lambda path: None if path is None else path / name
    return dataclasses.replace(
        arguments,
        config=members.member_config(arguments.config, name),
        overrides=_overrides_of(arguments.overrides, name),
        workdir=folder(arguments.workdir),
        checkpoint=folder(arguments.checkpoint),
    )


def _overrides_of(overrides: Mapping[str, object], name: str) -> dict[str, object]:
    """The fields of a member's config that were set by hand."""
    own, section = member_named(name).fields, f"{members.SECTION}{name}."
    return {
        field.removeprefix(section): value
        for field, value in overrides.items()
        if field not in own and (field.startswith(section) or not field.startswith(members.SECTION))
    }


def _is_of_motion(arguments: Arguments) -> bool:
    """Whether the detector's fields are those of a model: of a motion member here or in the run, or of no member."""
    names = arguments.config.detector.members
    if not names or MOTION in names:
        return True
    trained = arguments.checkpoint is None and arguments.workdir is not None
    stored = workdir.stored_field(arguments.workdir, config_changes.MEMBERS_FIELD) if trained else None
    return isinstance(stored, tuple) and MOTION in stored


def _size_or_radius_is_open(config) -> bool:
    """Whether the attention's radius or the frame size is to be determined from the videos."""
    return not (config.model.attention.radius and config.data.height)
