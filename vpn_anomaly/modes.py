"""The modes of the program, one function per mode.

Slow imports, above all JAX, are inside the functions, so that an invalid command line or a finished
run is reported immediately.
"""

import contextlib
import dataclasses
import datetime
import functools
import pathlib
from collections.abc import Iterator

from vpn_anomaly.arguments import Arguments
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.errors import UserError
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.storage import results_file, workdir, workdir_lock
from vpn_anomaly.text.display_names import display_name
from vpn_anomaly.text.printable_line import printable_line


def run(arguments: Arguments) -> None:
    """Executes the mode that the arguments name; by default: train, then evaluate.

    UserError if the request cannot be fulfilled, KeyboardInterrupt after Ctrl-C.
    """
    (train_and_evaluate if arguments.mode is None else MODES[arguments.mode])(arguments)


def train(arguments: Arguments) -> None:
    """Trains, or resumes training; if the run is finished, prints its results."""
    _train(arguments, then_evaluate=False)


def train_and_evaluate(arguments: Arguments) -> None:
    """`train`, then evaluates if training was completed."""
    _train(arguments, then_evaluate=True)


def evaluate(arguments: Arguments) -> None:
    """Evaluates a run, or an exported checkpoint, on test data; writes results and report."""
    _check_trained(arguments)
    with workdir_lock.held(arguments.run_folder):
        check_devices()
        _check_layout(arguments.config)
        arguments = _resolve_config(arguments)
        _evaluate(arguments.config, _load_trained(arguments), arguments.run_folder)


def score(arguments: Arguments) -> None:
    """Scores the sequences in a file."""
    arguments, trained = _load_for_scoring(arguments)
    from vpn_anomaly.scoring.score_files import build_score_settings, score_file

    config, outputs = arguments.config, arguments.outputs
    score_file(
        trained,
        trained.scorer(config),
        build_score_settings(config),
        pathlib.Path(arguments.source),
        outputs["output"],
        outputs.get("maps"),
    )


def watch(arguments: Arguments) -> None:
    """Watches one or more sources, frame by frame."""
    arguments, trained = _load_for_scoring(arguments)
    from vpn_anomaly.data.video.sources import sources
    from vpn_anomaly.report.watch_outputs import watch_outputs
    from vpn_anomaly.report.watch_report import model_facts
    from vpn_anomaly.watching.build import build_monitor, build_watch_settings
    from vpn_anomaly.watching.watch import watch

    config = arguments.config
    settings = build_watch_settings(config)
    found = sources(arguments.source)
    _check_one_video(arguments, len(found))
    model = f"{arguments.config_name} in {arguments.workdir or arguments.checkpoint}"
    facts = functools.partial(model_facts, model, config.system, trained.metadata["step"])
    watch(
        found,
        settings,
        functools.partial(build_monitor, config, trained, settings),
        watch_outputs(arguments.outputs, settings.video.frame_rate, facts),
        arguments.max_frames,
    )


def describe(arguments: Arguments) -> None:
    """Prints what a training step costs."""
    check_devices()
    arguments = _resolve_config(arguments)
    from vpn_anomaly.training.describe import describe

    print(describe(arguments.config))


MODES = {"train": train, "evaluate": evaluate, "score": score, "watch": watch, "describe": describe}


def _train(arguments: Arguments, then_evaluate: bool) -> None:
    if arguments.workdir is not None and _is_finished(arguments):
        return
    with _held_run(arguments) as directory:
        workdir.check_free(directory, arguments.config)
        check_devices()
        _check_layout(arguments.config)
        config = _resolve_config(dataclasses.replace(arguments, workdir=directory)).config
        workdir.check_run(directory, config)
        from vpn_anomaly.training import run

        run.check(config)
        if config.data.source in LABELLED_SOURCES:
            from vpn_anomaly.evaluation_run import checked_clips

            checked_clips(config)
        workdir.open_run(directory, config)
        # Flushed so that in a log it precedes anything written to stderr.
        print(printable_line(f"the run is in {directory}"), flush=True)
        seconds = run.train(config, directory)
        if seconds is not None and then_evaluate:
            _evaluate(config, _load_trained_run(config, directory), directory, seconds)


def _is_finished(arguments: Arguments) -> bool:
    """Whether the run in the folder is finished; if so, prints its results. Writes nothing."""
    directory = arguments.run_folder
    if results_file.read_results(directory) is None:
        return False
    results = results_file.finished_results(directory, _resolve_config(arguments).config)
    if results is None:
        return False
    from vpn_anomaly.report.results_table import results_table

    try:
        table = results_table(results)
    except (AttributeError, KeyError, TypeError, ValueError):  # unexpected content: evaluate again
        return False
    print(f"{printable_line(str(directory))} is finished; its results:\n{table}")
    return True


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


def _resolve_config(arguments: Arguments) -> Arguments:
    """Fills in config fields that are determined by the initial weights or the videos.

    JAX is initialised only if a field is left to be determined.
    """
    config, is_run = arguments.config, arguments.checkpoint is None
    starts_from_weights = is_run and bool(config.train.start_from)
    depth_is_open = is_run and config.data.source != "sequences" and not config.data.video.depth
    if not (starts_from_weights or depth_is_open or _size_or_radius_is_open(config)):
        return arguments
    check_devices()
    from vpn_anomaly.training import footage_fields, initial_weights

    if starts_from_weights:
        config = initial_weights.resolve_model(config, arguments.overrides)
    if depth_is_open:
        trains = arguments.mode in (None, "train")
        config = footage_fields.resolve_depth(config, arguments.workdir, trains)
    if _size_or_radius_is_open(config):
        config = footage_fields.resolve_size_and_radius(config, arguments.workdir)
    return dataclasses.replace(arguments, config=config)


def _size_or_radius_is_open(config) -> bool:
    """Whether the attention's radius or the frame size is to be determined from the videos."""
    return not (config.model.attention.radius and config.data.height)


def _check_trained(arguments: Arguments) -> None:
    """UserError for a folder without a run, before anything is loaded."""
    if arguments.checkpoint is None:
        workdir.check_trained(arguments.run_folder)


def _check_layout(config) -> None:
    """UserError for a labelled set with an unexpected layout, before anything is loaded or decoded."""
    if config.data.source in LABELLED_SOURCES:
        from vpn_anomaly.data.build import check_layout

        check_layout(config.data)


def _check_one_video(arguments: Arguments, count: int) -> None:
    """UserError for several sources with --video: all frames of a video have one size."""
    if "video" in arguments.outputs and count > 1:
        raise UserError(
            f"--video takes one source, but --input={display_name(arguments.source)} names {count};"
            " watch one at a time, or leave --video out"
        )


def _load_for_scoring(arguments: Arguments):
    """The arguments with a resolved config, and the trained model."""
    _check_trained(arguments)
    check_devices()
    arguments = _resolve_config(arguments)
    return arguments, _load_trained(arguments)


def _load_trained(arguments: Arguments):
    """The trained model: from the given checkpoint, or from the run in the workdir."""
    config, directory = arguments.config, arguments.workdir
    if arguments.checkpoint is None:
        workdir.open_trained(arguments.run_folder, config)
        return _load_trained_run(config, arguments.run_folder)
    from vpn_anomaly.scoring.trained_model import trained_export

    trained = trained_export(config, arguments.checkpoint, directory)
    if directory is not None:
        labelled = config.data.source in LABELLED_SOURCES
        data_set = f"{config.data.source} {pathlib.Path(config.data.path).resolve()}" if labelled else ""
        workdir.open_evaluation(directory, trained.metadata["sha256"], data_set)
    return trained


def _load_trained_run(config, directory: pathlib.Path):
    from vpn_anomaly.scoring.trained_model import trained_run

    return trained_run(config, directory)


def _evaluate(config, trained, directory: pathlib.Path, training_seconds: float | None = None) -> None:
    from vpn_anomaly import evaluation_run
    from vpn_anomaly.report.results_table import results_table

    print(results_table(evaluation_run.evaluate(config, trained, directory, training_seconds)))
    print(printable_line(f"report: {directory / workdir.REPORT}"))
