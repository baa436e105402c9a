"""Trains the members of a detector one after the other, each in its folder, and evaluates what was trained.

Every member is a run that a kill interrupts and the same command resumes. Whatever cannot work is refused
before the first one is trained.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config as configuration
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.detector import evaluating, loading, resolving, taking
from vpn_anomaly.distributed import group
from vpn_anomaly.member_rows import member_named
from vpn_anomaly.members import every, naming
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.storage import workdir
from vpn_anomaly.text.durations import rough_duration
from vpn_anomaly.text.telling import tell


def train(arguments: Arguments, then_evaluate: bool) -> pathlib.Path | None:
    """Trains, or resumes training; if the run is finished, tells its results.

    then_evaluate: evaluates if training was completed.

    Returns the folder of the run; None if SIGTERM stopped it, the state saved.
    """
    if arguments.workdir is not None and group.by_first(lambda: evaluating.is_finished(arguments)):
        return arguments.workdir
    with taking.taken_to_train(arguments) as directory:
        trained = _train_in(dataclasses.replace(arguments, workdir=directory), then_evaluate)
    return directory if trained else None


def _train_in(arguments: Arguments, then_evaluate: bool) -> bool:
    """`train` in the locked folder of the arguments; whether it was completed."""
    directory = arguments.run_folder
    group.by_all(check_devices)
    group.by_all(lambda: evaluating.check_layout(arguments.config))
    arguments = group.by_all(lambda: resolving.resolved(arguments))
    group.by_first(lambda: workdir.check_run(directory, arguments.config))
    members = group.by_all(lambda: resolving.of_members(arguments))
    for member in members.values():  # radius, size and depth are measured in what each process reads
        group.check_same(configuration.shown(member.config))
    group.by_all(lambda: _check(members, arguments.config))
    group.by_first(lambda: workdir.open_run(directory, arguments.config))
    tell(f"the run is in {directory}")
    from vpn_anomaly.detector.training_pages import training_pages

    with training_pages(members, directory, then_evaluate) as pages:
        seconds = _train_members(members, pages)
        if seconds is not None and then_evaluate:
            evaluating.evaluate(*loading.load(arguments), directory, seconds)
    return seconds is not None


def _check(members: Mapping[str, Arguments], config: ConfigDict) -> None:
    """UserError if a member cannot be trained or evaluated, before anything is written.

    config: of the detector.
    """
    from vpn_anomaly.training import run

    models = {name: (member.config, every(config, name) if name else 1) for name, member in members.items()}
    for name, (model, looks) in models.items():
        with naming(name):
            workdir.check_run(members[name].run_folder, model)
            run.check(model, looks)
    if config.data.source in LABELLED_SOURCES:
        from vpn_anomaly.evaluation_run import checked_clips

        checked_clips(config, models)


def _train_members(members: Mapping[str, Arguments], pages) -> dict[str, float] | None:
    """The seconds that each member took; None if SIGTERM stopped one, whose state is saved.

    pages: the `TrainingPages` that show how it goes.
    """
    from vpn_anomaly.training import run

    seconds = {}
    for name, member in members.items():
        if name:
            tell(f"member {name}, {member_named(name).about}: {member.run_folder}")
        group.by_first(functools.partial(workdir.open_run, member.run_folder, member.config))
        took = run.train(member.config, member.run_folder, pages.begin(name))
        if took is None:
            return None
        pages.trained(name, took)
        seconds[name] = took
        if name:
            tell(f"member {name} is trained, in {rough_duration(took)}")
    return seconds
