"""The trained members of a detector, of a run or of an exported checkpoint."""

import dataclasses
import pathlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

from vpn_anomaly import members
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.detector import resolving
from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import MOTION
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.storage import workdir

if TYPE_CHECKING:
    from vpn_anomaly.scoring.trained_member import TrainedMember


def check_trained(arguments: Arguments) -> None:
    """UserError for a folder without a run, before anything is loaded."""
    if arguments.checkpoint is None:
        workdir.check_trained(arguments.run_folder)


def load(arguments: Arguments) -> tuple[ConfigDict, list]:
    """The resolved config, and every `TrainedMember`; of a run without members, one without a name.

    UserError where one is not trained, or was trained with another config.
    """
    check_trained(arguments)
    check_devices()
    arguments = resolving.resolved(arguments)
    config = arguments.config
    from vpn_anomaly.scoring.trained_member import TrainedMember

    if arguments.checkpoint is None:
        workdir.open_trained(arguments.run_folder, config)
        _check_members_are_trained(arguments.run_folder, config.detector.members)
    elif config.detector.members:
        _check_exported(arguments.checkpoint)
    if not config.detector.members:
        return config, [TrainedMember("", config, _load_model(arguments))]
    share = members.shares(config)
    return config, [
        TrainedMember(name, one.config, _load_model(one), share[name], members.every(config, name))
        for name, one in resolving.of_members(arguments).items()
    ]


def motion_alone(arguments: Arguments) -> Arguments:
    """The arguments of the motion member; those of a run without members as they are.

    UserError for a detector that has none.
    """
    names = arguments.config.detector.members
    if names and MOTION not in names:
        raise no_motion(names)
    return resolving.of_member(arguments, MOTION) if names else arguments


def no_motion(names: Iterable[str]) -> UserError:
    """The error where sequences are to be scored by members that do not."""
    return UserError(
        f"sequences are scored by member {MOTION}, but detector.members is {tuple(names)}; score with a detector that"
        " has it, or watch"
    )


def opened_in(
    arguments: Arguments, members: Sequence["TrainedMember"], directory: pathlib.Path
) -> list["TrainedMember"]:
    """The members, to be evaluated in a folder: exported weights keep their calibrations there.

    UserError if the folder holds something other than an evaluation of these weights. Of a run, it is its own.
    """
    if arguments.checkpoint is None:
        return list(members)
    from vpn_anomaly.storage import exported_weights

    check_has_weights(arguments, members)
    data, about = arguments.config.data, exported_weights.read_about(arguments.checkpoint)
    labelled = data.source in LABELLED_SOURCES
    data_set = f"{data.source} {pathlib.Path(data.path).resolve()}" if labelled else ""
    group.by_first(lambda: workdir.open_evaluation(directory, about["sha256"], data_set))
    return [
        dataclasses.replace(member, trained=member.trained.keeping_in(directory / member.name))
        for member in members
    ]


def check_has_weights(arguments: Arguments, members: Sequence["TrainedMember"]) -> None:
    """UserError for programs that were exported, which score and watch only."""
    from vpn_anomaly.storage import exported_weights

    if arguments.checkpoint is not None:
        for member in members:
            exported_weights.check_model(arguments.checkpoint / member.name, member.trained.metadata)


def _check_members_are_trained(directory: pathlib.Path, names: Iterable[str]) -> None:
    for name in names:
        if workdir.stored_values(directory / name) is None:
            raise UserError(
                f"member {name} in {directory} is not trained yet; go on with the same --config and --workdir"
                f" and without --mode, or leave {name} out of detector.members"
            )


def _load_model(arguments: Arguments):
    """The trained model: from the given checkpoint, or from the run in the workdir."""
    from vpn_anomaly.scoring.trained_model import trained_export, trained_run
    from vpn_anomaly.storage import exported_weights

    if arguments.checkpoint is None:
        workdir.open_trained(arguments.run_folder, arguments.config)
        return trained_run(arguments.config, arguments.run_folder)
    if exported_weights.has_programs(exported_weights.read_about(arguments.checkpoint)):
        from vpn_anomaly.export.reading import exported_model

        return exported_model(arguments.checkpoint)
    return trained_export(arguments.config, arguments.checkpoint)


def _check_exported(folder: pathlib.Path) -> None:
    """UserError for an exported detector of which a part is missing or damaged."""
    from vpn_anomaly.storage import exported_weights

    exported_weights.check_members(folder, exported_weights.read_about(folder))
