"""The modes of the program, one function per mode.

Slow imports, above all JAX, are inside the functions, so that an invalid command line or a finished
run is reported immediately.
"""

import functools

from vpn_anomaly.arguments import Arguments
from vpn_anomaly.detector import evaluating, loading, resolving, taking, training
from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import member_named
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.text.display_names import display_name, display_names
from vpn_anomaly.text.telling import tell


def run(arguments: Arguments) -> None:
    """Executes the mode that the arguments name; by default: train, then evaluate.

    UserError if the request cannot be fulfilled, KeyboardInterrupt after Ctrl-C.
    """
    arguments = resolving.with_digits(arguments)
    (train_and_evaluate if arguments.mode is None else MODES[arguments.mode])(arguments)


def train(arguments: Arguments) -> None:
    """Trains, or resumes training; if the run is finished, prints its results."""
    training.train(arguments, then_evaluate=False)


def train_and_evaluate(arguments: Arguments) -> None:
    """`train`, then evaluates if training was completed."""
    training.train(arguments, then_evaluate=True)


def evaluate(arguments: Arguments) -> None:
    """Evaluates a run, or exported weights, on test data; writes results and report."""
    group.by_first(lambda: loading.check_trained(arguments))
    with taking.taken(arguments.run_folder):
        group.by_all(lambda: evaluating.check_layout(arguments.config))
        _detector(arguments).evaluate_in(arguments.run_folder)


def score(arguments: Arguments) -> None:
    """Scores the sequences in a file; with a detector, by its motion member."""
    detector = _detector(loading.motion_alone(arguments))
    from vpn_anomaly.scoring import score_files

    outputs, every_frame = arguments.outputs, detector.config.score.every_frame
    found = detector.sequence_scores(arguments.source, "maps" in outputs, every_frame)

    def write() -> None:
        if "output" in outputs:
            score_files.write_scores(outputs["output"], found)
        else:
            score_files.print_scores(found)
        if "maps" in outputs:
            score_files.write_maps(outputs["maps"], found)

    group.by_first(write)


def watch(arguments: Arguments) -> None:
    """Watches one or more sources, frame by frame: those of several --input at once.

    Several processes watch files, each some of them.
    """
    detector = _detector(arguments)
    from vpn_anomaly.data.video.sources import one_source, sources
    from vpn_anomaly.report import dealt_watch
    from vpn_anomaly.report.watch_outputs import watch_outputs
    from vpn_anomaly.report.watch_report import model_facts
    from vpn_anomaly.watching.senders.build import senders
    from vpn_anomaly.watching.watch import watch

    monitors = detector.monitors
    at_once, frame_rate = arguments.at_once, monitors.settings.video.frame_rate
    found = [one_source(where) for where in arguments.inputs] if at_once else sources(arguments.source)
    _check_one_video(arguments, len(found))
    model = f"{arguments.config_name} in {arguments.folder}"
    facts = functools.partial(model_facts, model, detector.members)
    pages = dict(zip(display_names(found), arguments.reports)) if at_once else None
    if group.current().count > 1:
        dealt_watch.check_dealt(found, arguments.max_frames, at_once)
        dealt_watch.watch_dealt(found, monitors, arguments.outputs, facts)
        return
    files = watch_outputs(arguments.outputs, frame_rate, facts, pages)
    # What comes first is closed last: the files are complete while events are still sent.
    outputs = [*senders(arguments.receivers), *files]
    watch(found, monitors, outputs, arguments.max_frames, at_once)


def export(arguments: Arguments) -> None:
    """Exports a run, or weights, as programs that score and watch without this package's models."""
    if group.current().count > 1:
        raise UserError("--mode=export takes one process; leave the flags of several out")
    folder, form = arguments.export_folder, arguments.export_format
    assert folder is not None and form is not None, "the command line was checked"
    from vpn_anomaly.export import writing

    writing.check(folder, form)
    tell(f"wrote {folder}", *_detector(arguments).export(folder, form))


def describe(arguments: Arguments) -> None:
    """Prints what a training step costs: one of each member, if there are several."""
    check_devices()
    from vpn_anomaly.training.describe import describe

    for name, member in resolving.of_members(resolving.resolved(arguments)).items():
        if name:
            print(f"member {name}, {member_named(name).about}\n")
        text = describe(member.config, arguments.devices, arguments.device_gigabytes)
        print(text, end="\n\n" if name else "\n")


MODES = {
    "train": train,
    "evaluate": evaluate,
    "score": score,
    "watch": watch,
    "export": export,
    "describe": describe,
}


def _check_one_video(arguments: Arguments, count: int) -> None:
    """UserError for several sources with --video: all frames of a video have one size."""
    if "video" in arguments.outputs and count > 1:
        named = "--input" if arguments.at_once else f"--input={display_name(arguments.source)}"
        raise UserError(
            f"--video takes one source, but {named} names {count}; watch one at a time, or leave --video out"
        )


def _detector(arguments: Arguments):
    """What was trained; all processes have it, or none."""
    from vpn_anomaly.detector.detector import Detector

    return group.by_all(lambda: Detector(arguments))
