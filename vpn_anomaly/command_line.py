"""Parses the command line: flags and config file to checked arguments, or a one-line error.

absl and ml_collections.config_flags read the flags; every call has its own flag values, so that a
program can call `parse` repeatedly. Nothing slow is imported here.
"""

import os
import pathlib
import re
from collections.abc import Sequence

from absl import flags
from ml_collections import ConfigDict, config_flags

from vpn_anomaly import config as config_module
from vpn_anomaly import config_fields, members
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.video import source_list
from vpn_anomaly.distributed import processes
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names
from vpn_anomaly.modes import MODES
from vpn_anomaly.storage import config_changes, overwriting
from vpn_anomaly.text.display_names import display_name, display_name_of_missing

# The modes that have an --input; the flags that name outputs, with their mode and file suffixes.
INPUT_MODES = ("score", "watch")
OUTPUTS = {
    "output": ("score", (".csv", ".jsonl")),
    "maps": ("score", (".npz",)),
    "scores": ("watch", (".csv", ".jsonl")),
    "events": ("watch", (".jsonl",)),
    "video": ("watch", (".mp4", ".mkv")),
    "report": ("watch", (".html",)),
}
# The flags of the processes that work together; those of the devices that --mode=describe tells the memory of.
PROCESSES = ("coordinator", "process_count", "process_index", "coordinator_timeout", "distributed")
DESCRIBED = ("devices", "device_gigabytes")


def parse(argv: Sequence[str]) -> Arguments:
    """Parses and checks `argv`, which is given without the program's name.

    Raises UserError for unknown flags, modes, fields and config files, wrong types, invalid values,
    and missing or superfluous files.
    """
    _check_no_flags_of_absl(argv)
    plain, rest = _plain_flags(argv)
    _expand_paths(plain)
    if plain.mode is not None and plain.mode not in MODES:
        raise UserError(f"there is no mode {plain.mode!r}; the modes are: {', '.join(MODES)}")
    _check_flag_names(rest)
    checkpoint = _checkpoint(plain)
    if checkpoint is None:
        config, overrides = _apply_overrides(load_config(plain.config), rest)
        members.check(config)
        config_module.expand_paths(config)
    else:
        config, overrides = _checkpoint_config(checkpoint, rest, plain.mode)
    watched = plain.mode == "watch"
    inputs = tuple(plain.input or ())
    arguments = Arguments(
        config=config,
        config_name=_config_name(plain.config or plain.checkpoint),
        checkpoint=checkpoint,
        overrides=overrides,
        workdir=pathlib.Path(plain.workdir) if plain.workdir else None,
        mode=plain.mode,
        inputs=tuple(source_list.all_sources(inputs)) if watched else inputs,
        input_lists=tuple(filter(source_list.is_list, inputs)) if watched else (),
        at_once=watched and source_list.are_several(inputs),
        outputs={name: pathlib.Path(plain[name].value) for name in OUTPUTS if plain[name].value},
        max_frames=plain.max_frames,
        processes=processes.checked(
            plain.coordinator or None,
            plain.process_count,
            plain.process_index,
            plain.distributed,
            plain.coordinator_timeout,
        ),
        devices=plain.devices,
        device_gigabytes=plain.device_gigabytes,
    )
    _check_files(arguments)
    overwriting.check_command(arguments, plain.config)
    if arguments.mode == "watch":
        system_named(config.system).check_streams()
    if arguments.mode == "score":
        system_named(config.system).check_sequences()
    return arguments


def asks_for_help(argv: Sequence[str]) -> bool:
    return any(argument in ("--help", "-help", "-h", "--helpfull") for argument in argv)


def asks_for_version(argv: Sequence[str]) -> bool:
    return any(argument in ("--version", "-version") for argument in argv)


def load_config(where: str) -> ConfigDict:
    """The config of FILE[:VARIANT]: what the file's get_config([variant]) returns.

    Raises UserError if the file is missing, broken, or has no such variant.
    """
    path, colon, variant = where.partition(":")
    try:
        source = pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UserError(
            f"the config file {path!r} cannot be read: {reason.lower()}; give a file such as configs/quick.py"
        ) from error
    namespace = {"__name__": "config", "__file__": path}
    try:
        exec(compile(source, path, "exec"), namespace)
        config = namespace["get_config"](*([variant] if colon else []))
    except UserError:
        raise
    except Exception as error:  # a config file is a program and can raise anything
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"the config file {path!r} does not work: {reason}") from error
    if not isinstance(config, ConfigDict):
        raise UserError(
            f"the config file {path!r} does not work: get_config returns "
            f"{type(config).__name__}, not an ml_collections.ConfigDict"
        )
    return config


def _plain_flags(argv: Sequence[str]) -> tuple[flags.FlagValues, list[str]]:
    """The flags that are not config fields, and the remaining arguments."""
    values = flags.FlagValues()
    for name in ("config", "checkpoint", "workdir", "mode", "coordinator", *OUTPUTS):
        flags.DEFINE_string(name, None, "", flag_values=values)
    flags.DEFINE_multi_string("input", None, "", flag_values=values)
    flags.DEFINE_integer("max_frames", None, "", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("process_count", None, "", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("process_index", None, "", lower_bound=0, flag_values=values)
    flags.DEFINE_float("coordinator_timeout", None, "", lower_bound=1.0, flag_values=values)
    flags.DEFINE_bool("distributed", False, "", flag_values=values)
    flags.DEFINE_integer("devices", None, "", lower_bound=1, flag_values=values)
    flags.DEFINE_float("device_gigabytes", None, "", lower_bound=1e-3, upper_bound=1e6, flag_values=values)
    flags.DEFINE_bool("debug", False, "", flag_values=values)
    values.set_gnu_getopt(True)
    try:
        program, *rest = values(["main", *argv], known_only=True)
    except flags.Error as error:
        raise UserError(_one_line(error)) from error
    return values, rest


def _expand_paths(plain: flags.FlagValues) -> None:
    """Expands ~ to home folders.

    UserError for an address given instead of a file or folder, and for an invalid file name.
    """
    for name in ("config", "checkpoint", "workdir", *OUTPUTS):
        path = plain[name].value or ""
        if "://" in path or display_name(path) != path:
            raise UserError(
                f"--{name}={display_name(path)} is an address; give a file or folder of this computer"
            )
    for name in ("config", "checkpoint", "workdir", *OUTPUTS):
        if plain[name].value:
            plain[name].value = _expanded(name, plain[name].value)
    plain["input"].value = [_expanded("input", value) for value in plain.input or () if value]


def _expanded(flag: str, value: str) -> str:
    """The flag's value with ~ expanded to a home folder; UserError for an invalid file name."""
    path, colon, variant = value.partition(":") if flag == "config" else (value, "", "")
    at = source_list.LIST if flag == "input" and source_list.is_list(path) else ""
    path = at + file_names.expanded(path.removeprefix(at), f"--{flag}={at}", flag == "workdir")
    if flag == "workdir":
        file_names.check_utf8(path, "--workdir=")
    return path + colon + variant


def _check_no_flags_of_absl(argv: Sequence[str]) -> None:
    """UserError for the two flags that absl defines itself: --flagfile and --undefok."""
    for argument in argv:
        if re.match(r"--?(flagfile|undefok)(=|$)", argument):
            raise _no_flag(argument)


def _check_flag_names(rest: Sequence[str]) -> None:
    """Raises UserError for a flag that is not a field, and for an unknown field."""
    for argument in rest:
        field = re.match(r"--?(?:no)?config\.([^=]*)", argument)
        if field:
            config_fields.field_named(field[1])
        elif re.match(r"--?[a-zA-Z]", argument):
            raise _no_flag(argument)


def _no_flag(argument: str) -> UserError:
    return UserError(
        f"there is no flag {argument.split('=')[0]}; the flags are: --config, "
        f"--checkpoint, --workdir, --mode, --input, {', '.join('--' + n for n in OUTPUTS)}, "
        f"--max_frames, {', '.join('--' + n for n in (*DESCRIBED, *PROCESSES))}, --debug, --help, --version"
        " and --config.FIELD"
    )


def _checkpoint(plain: flags.FlagValues) -> pathlib.Path | None:
    """The folder of --checkpoint; None with --config. UserError if they are incompatible with the mode."""
    if plain.checkpoint is None:
        if plain.config is None:
            raise UserError(
                "--config is missing, for example --config=configs/quick.py; or give "
                "--checkpoint=pretrained (see --help)"
            )
        return None
    if plain.config is not None:
        raise UserError(
            "--checkpoint brings its own config; leave --config out, or train with it without --checkpoint"
        )
    if plain.mode in (None, "train"):
        raise UserError(
            "--checkpoint is trained already; add --mode=score or --mode=evaluate (or watch, or describe)"
        )
    from vpn_anomaly.storage import exported_weights

    return exported_weights.folder_of(plain.checkpoint)


def _checkpoint_config(folder: pathlib.Path, rest: Sequence[str], mode: str | None):
    """The checkpoint's config with overrides of the fields that may change, and the overrides.

    The labelled set to evaluate on may differ from the training data.
    """
    from vpn_anomaly.storage import exported_weights

    stored = exported_weights.stored_config(exported_weights.read_about(folder)["config"], folder)
    config, overrides = _apply_overrides(stored.copy_and_resolve_references(), rest)
    members.check(config)
    config_module.expand_paths(config)
    on_labelled_set = mode == "evaluate" and config.data.source in config_fields.LABELLED_SOURCES
    free = config_changes.CHANGEABLE_FIELDS + (config_changes.DATA_SET_FIELDS if on_labelled_set else ())
    free += config_changes.chosen_members(stored, config)
    changes = config_changes.describe_differences(stored, config, free)
    if changes:
        more = ", with data.source, data.path and data.video the labelled set" if on_labelled_set else ""
        raise UserError(
            f"the checkpoint in {folder} was trained with another config: {changes}; "
            "only fields of evaluate, score and watch, and data.video.max_gigabytes, can be "
            f"set{more}"
        )
    return config, overrides


def _apply_overrides(config: ConfigDict, rest: Sequence[str]) -> tuple[ConfigDict, dict[str, object]]:
    """The config with the overrides of --config.FIELD=VALUE applied, and the overrides."""
    values = flags.FlagValues()
    values.set_gnu_getopt(True)
    try:
        config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=["main", *rest])
        program, *unexpected = values(["main", *rest])
    except (flags.Error, TypeError, ValueError, KeyError, AttributeError) as error:
        raise UserError(_wrong_value(error)) from error
    if unexpected:
        raise UserError(
            f"unexpected argument {display_name_of_missing(unexpected[0])!r}; flags are written --name=value"
        )
    return values["config"].value, dict(config_flags.get_override_values(values["config"]))


def _wrong_value(error: Exception) -> str:
    """Rephrases absl's error about an invalid value, naming the field and its type."""
    said = re.match(r"flag --config\.([\w.]+)=(.*?): ", str(error), re.DOTALL)
    if not said:
        return _one_line(error)
    field = config_fields.field_named(said[1])
    return f"{field.name} is {display_name_of_missing(said[2])!r}, but has to be {config_module.type_name(field)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _config_name(where: str) -> str:
    """configs/full.py:debug becomes full-debug."""
    path, _, variant = where.partition(":")
    return "-".join(part for part in (pathlib.Path(path).stem, variant) if part)


def _check_files(arguments: Arguments) -> None:
    """Raises UserError for files that the mode needs but lacks, does not use, or cannot write."""
    _check_workdir(arguments)
    mode = arguments.mode
    if arguments.inputs and mode not in INPUT_MODES:
        raise UserError("--input is for --mode=score and --mode=watch only")
    for name in arguments.outputs:
        only_mode, suffixes = OUTPUTS[name]
        if mode != only_mode:
            raise UserError(f"--{name} is for --mode={only_mode} only")
        _check_output(name, arguments.outputs[name], suffixes)
    if arguments.max_frames is not None and mode != "watch":
        raise UserError("--max_frames is for --mode=watch only")
    for name in DESCRIBED:
        if getattr(arguments, name) is not None and mode != "describe":
            raise UserError(f"--{name} is for --mode=describe only")
    if mode in INPUT_MODES and not arguments.inputs:
        raise UserError(f"--mode={mode} needs --input={'FILE' if mode == 'score' else 'SOURCE'}")
    if mode == "score":
        if "output" not in arguments.outputs:
            raise UserError("--mode=score needs --output=FILE")
        if len(arguments.inputs) > 1:
            raise UserError("--mode=score takes one --input; score one file after the other")
        _check_is_file(arguments.source)


def _check_is_file(path: str) -> None:
    """Raises UserError if the path to be scored is not a file."""
    if path == "-" or os.path.exists(path) and not os.path.isfile(path):
        raise UserError(
            f"--input={path} is not a file: --mode=score reads a .npz or .npy from disk (only"
            " --mode=watch takes pipes and folders); write the sequences to a file first"
        )
    if not os.path.exists(path):
        raise UserError(f"there is no input file {display_name_of_missing(path)}")


def _check_workdir(arguments: Arguments) -> None:
    mode, trained_elsewhere = arguments.mode, arguments.checkpoint is not None
    if mode in INPUT_MODES and trained_elsewhere and arguments.workdir is not None:
        raise UserError(
            f"--mode={mode} with --checkpoint writes only to the files named by flags; leave --workdir out"
        )
    if mode == "evaluate" and trained_elsewhere and arguments.workdir is None:
        raise UserError(
            "--mode=evaluate with --checkpoint needs a --workdir for the results, a new or empty folder"
        )
    if mode in ("evaluate", *INPUT_MODES) and not trained_elsewhere and arguments.workdir is None:
        raise UserError(f"--mode={mode} needs the --workdir of a trained run, or --checkpoint=pretrained")


def _check_output(name: str, path: pathlib.Path, suffixes: Sequence[str]) -> None:
    if path.suffix not in suffixes:
        raise UserError(f"--{name}={path} has to end in {' or '.join(suffixes)}")
    if not os.path.isdir(path.parent):
        raise UserError(f"--{name}={path}: there is no folder {path.parent}; make it first")
    if os.path.isdir(path):
        raise UserError(f"--{name}={path} is a folder")
