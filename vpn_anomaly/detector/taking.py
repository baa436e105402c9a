"""Takes the folder of a run: locked by the first process, with those of its members, and seen by all."""

import contextlib
import datetime
import pathlib
from collections.abc import Callable, Iterable, Iterator

from vpn_anomaly.arguments import Arguments
from vpn_anomaly.distributed import group, shared_folder
from vpn_anomaly.storage import workdir, workdir_lock


@contextlib.contextmanager
def taken_to_train(arguments: Arguments) -> Iterator[pathlib.Path]:
    """The folder to train in: that of --workdir, or a new one. UserError if it holds anything but a run."""
    with contextlib.ExitStack() as held:

        def take() -> pathlib.Path:
            directory = held.enter_context(_held_run(arguments))
            workdir.check_free(directory, arguments.config)
            held.enter_context(_held_members(directory, arguments.config.detector.members))
            return directory

        yield _taken(take)


@contextlib.contextmanager
def taken(directory: pathlib.Path) -> Iterator[None]:
    """A context in which other programs are kept out of the folder."""
    with contextlib.ExitStack() as held:

        def take() -> pathlib.Path:
            held.enter_context(workdir_lock.held(directory))
            return directory

        _taken(take)
        yield


@contextlib.contextmanager
def taken_members(directory: pathlib.Path, members: Iterable[str]) -> Iterator[None]:
    """A context in which other programs are kept out of the folders of a detector's members; they are created."""
    with contextlib.ExitStack() as held:
        group.by_first(lambda: held.enter_context(_held_members(directory, members)))
        yield


def _taken(take: Callable[[], pathlib.Path]) -> pathlib.Path:
    directory = pathlib.Path(group.by_first(lambda: str(take())))
    shared_folder.check_seen_by_all(directory)
    return directory


@contextlib.contextmanager
def _held_members(directory: pathlib.Path, names: Iterable[str]) -> Iterator[None]:
    """Keeps other programs out of the folders of the members, as `workdir_lock.held` does out of the detector's."""
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(workdir_lock.held(directory / name))
        yield


@contextlib.contextmanager
def _held_run(arguments: Arguments) -> Iterator[pathlib.Path]:
    """The locked folder to train in: that of --workdir, or a new one."""
    name = lambda: workdir.new_run(arguments.config_name, arguments.overrides, datetime.datetime.now())
    with contextlib.ExitStack() as stack:
        directory = arguments.workdir or name()
        try:
            stack.enter_context(workdir_lock.held(directory))
        except workdir_lock.InUse:
            if arguments.workdir is not None:
                raise
            directory = name()  # the same command was started twice within a second
            stack.enter_context(workdir_lock.held(directory))
        yield directory
