"""The trained members of a detector, of a run or of an exported checkpoint."""

import pathlib
from collections.abc import Iterable

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
        _open_detector(arguments)
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
        raise UserError(
            f"--mode={arguments.mode} takes member {MOTION}, but detector.members is {names}; score with a"
            f" detector that has it, or watch"
        )
    return resolving.of_member(arguments, MOTION) if names else arguments


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

    config, directory = arguments.config, arguments.workdir
    if arguments.checkpoint is None:
        workdir.open_trained(arguments.run_folder, config)
        return trained_run(config, arguments.run_folder)
    trained = trained_export(config, arguments.checkpoint, directory)
    if directory is not None:
        _open_evaluation(arguments, trained.metadata["sha256"])
    return trained


def _open_detector(arguments: Arguments) -> None:
    """Checks an exported detector, and prepares the folder in which it is evaluated."""
    from vpn_anomaly.storage import exported_weights

    assert arguments.checkpoint is not None
    about = exported_weights.read_about(arguments.checkpoint)
    exported_weights.check_members(arguments.checkpoint, about)
    if arguments.workdir is not None:
        _open_evaluation(arguments, about["sha256"])


def _open_evaluation(arguments: Arguments, checksum: str) -> None:
    data = arguments.config.data
    labelled = data.source in LABELLED_SOURCES
    data_set = f"{data.source} {pathlib.Path(data.path).resolve()}" if labelled else ""
    group.by_first(lambda: workdir.open_evaluation(arguments.run_folder, checksum, data_set))
