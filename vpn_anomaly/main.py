"""Train, evaluate, score and watch: python -m vpn_anomaly.main --config=configs/quick.py (see --help)."""

import contextlib
import dataclasses
import datetime
import logging
import pathlib
import sys
import traceback
from collections.abc import Iterator, Sequence

from vpn_anomaly import __version__, command_line, usage
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.storage import workdir, workdir_lock
from vpn_anomaly.text.display_names import masked, name_of_nothing, without_address
from vpn_anomaly.text.plain_line import plain_line
from vpn_anomaly.text.steady_streams import steady_streams


@steady_streams()
def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line, without the program's name; returns the exit code.

    0: done, or stopped by SIGTERM and saved. 2: an error in what was asked, told in one line.
    130: stopped by Ctrl-C. What stdout or stderr cannot show changes neither the work nor the code.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        with _warnings_on_stderr():
            return _run(argv)
    except UserError as error:
        _tell_where(argv)
        print(plain_line(f"error: {_without_secrets(str(error), argv)}"), file=sys.stderr)
        return 2
    except Exception as error:
        if not _is_of_memory(error):
            raise
        _tell_where(argv)
        line = (
            f"error: there is not enough memory ({_first_line(error)}); give a smaller input or config,"
            " or use a machine with more"
        )
        print(plain_line(_without_secrets(line, argv)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _tell_where(argv)
        print("interrupted", file=sys.stderr)
        return 130


def _is_of_memory(error: Exception) -> bool:
    """Whether memory was refused, by Python or by a device."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "none is left").splitlines()[0][:200]


def _run(argv: Sequence[str]) -> int:
    if command_line.asks_for_help(argv):
        print(usage.help_text())
        return 0
    if command_line.asks_for_version(argv):
        print(f"vpn_anomaly {__version__}")
        return 0
    arguments = command_line.parse(argv)
    for path in arguments.outputs.values():  # before weights are restored or footage is decoded
        output_files.check_output(path)
    if arguments.mode in (None, "train"):
        _train(arguments)
        return 0
    if arguments.mode != "describe" and arguments.checkpoint is None:
        workdir.check_trained(arguments.workdir)
    if arguments.mode == "evaluate":
        with workdir_lock.held(arguments.workdir):
            check_devices()
            _check_layout(arguments.config)
            arguments = _with_known_model(arguments)
            _evaluate(arguments.config, _trained(arguments), arguments.workdir)
        return 0
    check_devices()
    arguments = _with_known_model(arguments)
    if arguments.mode == "describe":
        from vpn_anomaly.training.describe import describe

        print(describe(arguments.config))
    elif arguments.mode == "score":
        trained = _trained(arguments)
        from vpn_anomaly.scoring.score_files import score

        outputs = arguments.outputs
        score(
            arguments.config, trained, pathlib.Path(arguments.input), outputs["output"], outputs.get("maps")
        )
    elif arguments.mode == "watch":
        trained = _trained(arguments)
        from vpn_anomaly.watching.watch import watch

        model = f"{arguments.config_name} in {arguments.workdir or arguments.checkpoint}"
        watch(arguments.config, trained, arguments.input, arguments.outputs, arguments.max_frames, model)
    return 0


def _tell_where(argv: Sequence[str]) -> None:
    """With --debug the traceback of the exception that is handled, indented: no line can pass for ours."""
    if "--debug" in argv:
        lines = masked(traceback.format_exc(), _addresses(argv)).splitlines()
        print(*(f"  {plain_line(line)}" for line in lines), sep="\n", file=sys.stderr)


def _without_secrets(line: str, argv: Sequence[str]) -> str:
    """A line without what is secret in the addresses of the command line, should it repeat one."""
    for address in _addresses(argv):
        line = without_address(line, address, name_of_nothing(address))
    return line


def _addresses(argv: Sequence[str]) -> list[str]:
    """The arguments, of flags what stands behind =, that hold something secret."""
    values = [argument.partition("=")[2] if argument.startswith("-") else argument for argument in argv]
    return [value for value in values if name_of_nothing(value) != value]


def _with_known_model(arguments: command_line.Arguments) -> command_line.Arguments:
    """With what the config leaves to the weights it starts from, or to the videos."""
    config = arguments.config
    if config.train.start_from and arguments.checkpoint is None:
        check_devices()
        from vpn_anomaly.training.initial_weights import with_started_model

        config = with_started_model(config, arguments.overrides)
    if config.data.source != "sequences" and not config.data.video.depth and arguments.checkpoint is None:
        check_devices()
        from vpn_anomaly.training.footage_fields import with_known_depth

        config = with_known_depth(config, arguments.workdir, arguments.mode in (None, "train"))
    if not (config.model.attention.radius and config.data.height):
        check_devices()
        from vpn_anomaly.training.footage_fields import with_known_model

        config = with_known_model(config, arguments.workdir)
    return dataclasses.replace(arguments, config=config)


def _train(arguments: command_line.Arguments) -> None:
    """Trains, or goes on training; evaluates at the end unless only training was asked for."""
    if arguments.workdir is not None and _is_finished(arguments):
        return
    with _held_run(arguments) as directory:
        workdir.check_free(directory, arguments.config)
        check_devices()
        _check_layout(arguments.config)
        arguments = _with_known_model(dataclasses.replace(arguments, workdir=directory))
        config = arguments.config
        workdir.check_run(directory, config)
        from vpn_anomaly.training import loop

        loop.check(config)
        if config.data.source in LABELLED_SOURCES:
            from vpn_anomaly.evaluation.labelled_check import check

            check(config)
        workdir.open_run(directory, config)
        print(plain_line(f"the run is in {directory}"), flush=True)  # in a log, before what goes to stderr
        seconds = loop.train(config, directory)
        if seconds is not None and arguments.mode is None:
            _evaluate(config, _trained_run(config, directory), directory, seconds)


def _is_finished(arguments: command_line.Arguments) -> bool:
    """Whether the run in the folder is finished; then its results are shown. Nothing is written."""
    directory = arguments.workdir
    if workdir.read_results(directory) is None:
        return False
    results = workdir.finished_results(directory, _with_known_model(arguments).config)
    if results is None:
        return False
    try:
        table = _results_table(results)
    except (AttributeError, KeyError, TypeError, ValueError):  # of another content: evaluate again
        return False
    print(f"{plain_line(str(directory))} is finished; its results:\n{table}")
    return True


@contextlib.contextmanager
def _held_run(arguments: command_line.Arguments) -> Iterator[pathlib.Path]:
    """The folder to train in, held: that of --workdir, or a new one."""
    name = lambda: workdir.new_run(arguments.config_name, arguments.overrides, datetime.datetime.now())
    with contextlib.ExitStack() as stack:
        directory = arguments.workdir or name()
        try:
            stack.enter_context(workdir_lock.held(directory))
        except workdir_lock.InUse:
            if arguments.workdir is not None:
                raise
            directory = name()  # the same command was given twice in one second
            stack.enter_context(workdir_lock.held(directory))
        yield directory


def _check_layout(config) -> None:
    """Refuses a labelled set of another layout before anything is loaded, made or decoded."""
    if config.data.source in LABELLED_SOURCES:
        from vpn_anomaly.data.build import check_layout

        check_layout(config.data)


def _trained(arguments: command_line.Arguments):
    """What to evaluate or score with: the given checkpoint, or the run in the workdir."""
    config, directory = arguments.config, arguments.workdir
    if arguments.checkpoint is None:
        workdir.open_trained(directory, config)
        return _trained_run(config, directory)
    from vpn_anomaly.scoring.trained_model import trained_export

    trained = trained_export(config, arguments.checkpoint, directory)
    if directory is not None:
        labelled = config.data.source in LABELLED_SOURCES
        data_set = f"{config.data.source} {pathlib.Path(config.data.path).resolve()}" if labelled else ""
        workdir.open_evaluation(directory, trained.metadata["sha256"], data_set)
    return trained


def _trained_run(config, directory: pathlib.Path):
    from vpn_anomaly.scoring.trained_model import trained_run

    return trained_run(config, directory)


def _evaluate(config, trained, directory: pathlib.Path, training_seconds: float | None = None) -> None:
    if config.data.source in LABELLED_SOURCES:
        from vpn_anomaly.evaluation.labelled_videos import evaluate
    else:
        from vpn_anomaly.evaluation.sequences import evaluate

    print(_results_table(evaluate(config, trained, directory, training_seconds)))
    print(plain_line(f"report: {directory / workdir.REPORT}"))


def _results_table(results) -> str:
    """The content of results.json, of sequences or of a labelled set, as text."""
    if "data_set" in results:
        from vpn_anomaly.report.labelled_table import results_table
    else:
        from vpn_anomaly.report.results_table import results_table

    return results_table(results)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return plain_line(super().format(record))


@contextlib.contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """Shows what the package warns of, one line each, and once: libraries set up the root logger."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("warning: %(message)s"))
    handler.setLevel(logging.WARNING)
    told = set()
    handler.addFilter(lambda record: not (record.getMessage() in told or told.add(record.getMessage())))
    logger = logging.getLogger("vpn_anomaly")
    logger.addHandler(handler)
    propagated, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
