"""The text of --help: usage, flags, and fields with default, range and meaning; of all modes, or of one."""

import textwrap

from vpn_anomaly import config as config_module
from vpn_anomaly import config_fields, config_files, flag_rows
from vpn_anomaly.config_fields import Field
from vpn_anomaly.modes import MODES

WIDTH, NAMES_WIDTH, FIELDS_WIDTH = 110, 28, 44  # characters: of a line, of its first column
MODULE, COMMAND = "python -m vpn_anomaly.main", "vpn-anomaly"

_TRAIN = """\
  {train} --config=quick --workdir=runs/quick
      train{then}; the same command again resumes, or prints the stored results

  {train} --config=video --config.data.path='normal/*.mp4' --workdir=runs/video
      train on your own normal footage, every member of detector.members in its folder

  {train} --config=video --config.data.source=ucsd --config.data.path=UCSDped2 --workdir=runs/ped2
      train on a labelled video set ({sets}){then_on_set}
"""
_EVALUATE = """\
  {evaluate} --checkpoint=runs/quick
      evaluate a run on test sequences, or once more, with other fields of evaluate

  {evaluate} --checkpoint=pretrained --workdir=runs/pretrained
      the weights in the package, without training
"""
_SCORE = """\
  {score} --checkpoint=pretrained --input=sample
      score sequences that come with the package by weights that do: a table on standard output

  {score} --checkpoint=runs/quick --input=sequences.npz --output=scores.csv --maps=maps.npz
      score the sequences of a file with a trained model
"""
_WATCH = """\
  {watch} --checkpoint=runs/video --input=new.mp4 --events=events.jsonl --report=report.html
      watch a source with all members of a detector that was trained on videos
"""
_EXPORT = """\
  {export} --checkpoint=pretrained --output=exported
      write a model as programs that run without this package
"""
_DESCRIBE = """\
  {describe} --config=full --devices=8 --device_gigabytes=32
      the modules of a config with parameters, operations and memory
"""
_EXAMPLES = {
    "train": _TRAIN, "evaluate": _EVALUATE, "score": _SCORE, "watch": _WATCH, "export": _EXPORT,
    "describe": _DESCRIBE,
}  # fmt: skip
_ABOUT = {
    "train": "trains a detector, or resumes its training",
    "evaluate": "evaluates a trained detector on test data, to results and a report",
    "score": "scores the sequences of a file",
    "watch": "watches videos, cameras and streams, and writes events",
    "export": "writes a trained detector as programs that score and watch without this package",
    "describe": "prints what a training step costs",
}
# The sections of fields that a mode reads; the others may be given with --config, and have to be those of the run.
_SECTIONS = {
    "evaluate": ("evaluate.", "score."),
    "score": ("score.",),
    "watch": ("watch.", "score."),
    "export": ("score.",),
}
_EXIT = "Exit code: 0 done (or stopped by SIGTERM and saved), 2 an error in the request, 130 Ctrl-C.\n"


def help_text() -> str:
    """Usage, all flags, and the list of fields."""
    programs = {mode: f"{MODULE} --mode={mode}" for mode in MODES} | {"train": MODULE}
    examples = "\n".join(_examples(mode, programs) for mode in _EXAMPLES)
    return (
        f"Anomaly detection in video by inpainting a masked frame.\n\n{examples}\n"
        f"Flags:\n{_flags(None)}\n{_EXIT}\n"
        "Fields, with default, meaning, and allowed values:\n\n" + _fields(config_fields.FIELDS)
    )


def help_of_commands() -> str:
    """What `vpn-anomaly` can do, a line for each command."""
    lines = [f"  {COMMAND} {mode}".ljust(NAMES_WIDTH) + about for mode, about in _ABOUT.items()]
    return "\n".join(
        [
            "Anomaly detection in video by inpainting a masked frame.",
            "",
            *lines,
            "",
            f"{COMMAND} COMMAND --help says what a command takes. Without one, {COMMAND} takes the flags of",
            f"{MODULE} ({MODULE} --help).",
        ]
    )


def help_of(mode: str) -> str:
    """Usage of a command, the flags that it takes, and the fields that it reads."""
    programs = {one: f"{COMMAND} {one}" for one in MODES}
    sections = _SECTIONS.get(mode, ("",))
    fields = [field for field in config_fields.FIELDS if field.name.startswith(sections)]
    return (
        f"{COMMAND} {mode} {_ABOUT[mode]}.\n\n{_examples(mode, programs)}\n"
        f"Flags:\n{_flags(mode)}\n{_EXIT}\n"
        "Fields, with default, meaning, and allowed values:\n\n" + _fields(fields)
    )


def _examples(mode: str, programs: dict[str, str]) -> str:
    evaluates = programs["train"] == MODULE
    return _EXAMPLES[mode].format(
        **programs,
        then=", then evaluate" if evaluates else "",
        then_on_set=", then evaluate every test frame" if evaluates else "",
        sets=", ".join(config_fields.LABELLED_SOURCES),
    )


def _flags(mode: str | None) -> str:
    """A paragraph for each flag that the mode takes; None: for all, with the modes of those that only one takes."""
    lines = []
    for flag in flag_rows.FLAGS:
        if mode is not None and (flag.name == "mode" or not flag.taken_by(mode)):
            continue
        name = f"  --{flag.name}" + (f"={flag.value}" if flag.value else "")
        meaning = flag.meaning.format(configs=", ".join(config_files.names()), modes=", ".join(MODES))
        if mode is None and len(flag.modes) == 1:
            meaning = f"({flag.modes[0]}) {meaning}"
        lines += _paragraph(name, meaning)
    lines += _paragraph(
        "  --config.FIELD=VALUE", 'any field below, such as --config.train.targets="(13, 19)"'
    )
    lines += _paragraph("  --help, --version", "print this text; the version")
    return "\n".join(lines) + "\n"


def _paragraph(name: str, text: str) -> list[str]:
    """Lines with the name in a column of its own, above the text if it is long."""
    first = name.ljust(NAMES_WIDTH) if len(name) < NAMES_WIDTH else ""
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first or " " * NAMES_WIDTH, subsequent_indent=" " * NAMES_WIDTH
    )
    return lines if first else [name, *lines]


def _fields(fields: list[Field] | tuple[Field, ...]) -> str:
    lines = []
    for field in fields:
        default = repr(field.default) if isinstance(field.default, tuple) else str(field.default)
        described = ", ".join(part for part in (config_module.allowed(field), field.unit) if part)
        name = f"  {field.name}={default} ".ljust(FIELDS_WIDTH)
        lines.append(name + field.meaning + (f" [{described}]" if described else ""))
    return "\n".join(lines)
