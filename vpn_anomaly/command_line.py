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
from vpn_anomaly import config_fields, config_files, flag_rows, samples
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.catalogue import EXPORT_FORMATS, check_export_format, system_named
from vpn_anomaly.config_overrides import Override, applied
from vpn_anomaly.data.video import source_list
from vpn_anomaly.distributed import processes
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names
from vpn_anomaly.modes import MODES
from vpn_anomaly.storage import overwriting
from vpn_anomaly.text.display_names import display_name, display_name_of_missing
from vpn_anomaly.watching.senders import addresses

EXPORT = "export"  # the mode whose --output is a folder, new or empty
_DESCRIBED = ("devices", "device_gigabytes")
_PATHS = ("config", "checkpoint", "workdir", *(flag.name for flag in flag_rows.OUTPUTS))


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
    trained, override = _checkpoint(plain), _by_flags(rest)
    if trained is None:
        run, checkpoint = plain.workdir or None, None
        config, overrides = applied(override, config_files.load_config(plain.config))
    else:
        config, overrides, run, checkpoint = _trained(plain, override)
    watched = plain.mode == "watch"
    inputs, exports = tuple(plain.input or ()), plain.mode == EXPORT
    named = {flag.name: plain[flag.name].value for flag in flag_rows.OUTPUTS if plain[flag.name].value}
    outputs = {} if exports else {name: pathlib.Path(path) for name, path in named.items()}
    arguments = Arguments(
        config=config,
        config_name=config_files.config_name(plain.config or plain.checkpoint),
        checkpoint=checkpoint,
        overrides=overrides,
        workdir=pathlib.Path(run) if run else None,
        mode=plain.mode,
        inputs=tuple(source_list.all_sources(inputs)) if watched else inputs,
        input_lists=tuple(filter(source_list.is_list, inputs)) if watched else (),
        at_once=watched and source_list.are_several(inputs),
        outputs=outputs,
        export_folder=pathlib.Path(plain.output) if exports and plain.output else None,
        export_format=plain.format or (EXPORT_FORMATS[0] if exports else None),
        max_frames=plain.max_frames,
        receivers={name: plain[name].value for name in addresses.RECEIVERS if plain[name].value},
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
    _check_receivers(arguments)
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


def _plain_flags(argv: Sequence[str]) -> tuple[flags.FlagValues, list[str]]:
    """The flags that are not config fields, and the remaining arguments."""
    values = flags.FlagValues()
    for name, flag in {flag.name: flag for flag in flag_rows.FLAGS}.items():
        _define(name, flag, values)
    values.set_gnu_getopt(True)
    try:
        program, *rest = values(["main", *argv], known_only=True)
    except flags.Error as error:
        raise UserError(_one_line(error)) from error
    return values, rest


def _define(name: str, flag: flag_rows.Flag, values: flags.FlagValues) -> None:
    """Defines a flag of absl."""
    if flag.kind is bool:
        flags.DEFINE_bool(name, False, "", flag_values=values)
    elif flag.kind is str:
        define = flags.DEFINE_multi_string if flag.several else flags.DEFINE_string
        define(name, None, "", flag_values=values)
    else:
        define = flags.DEFINE_integer if flag.kind is int else flags.DEFINE_float
        define(name, None, "", lower_bound=flag.low, upper_bound=flag.high, flag_values=values)


def _expand_paths(plain: flags.FlagValues) -> None:
    """Expands ~ to home folders.

    UserError for an address given instead of a file or folder, and for an invalid file name.
    """
    for name in _PATHS:
        path = plain[name].value or ""
        if "://" in path or display_name(path) != path:
            raise UserError(
                f"--{name}={display_name(path)} is an address; give a file or folder of this computer"
            )
    for name in _PATHS:
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
    known = ", ".join(f"--{name}" for name in flag_rows.names())
    return UserError(
        f"there is no flag {argument.split('=')[0]}; the flags are: {known}, --help, --version and --config.FIELD"
    )


def _checkpoint(plain: flags.FlagValues) -> str | None:
    """What --checkpoint names; None with --config. UserError if they are incompatible with the mode."""
    if plain.checkpoint is None:
        if plain.config is None:
            raise UserError(
                "--config is missing, for example --config=quick; or give --checkpoint=pretrained (see --help)"
            )
        return None
    if plain.config is not None:
        raise UserError(
            "--checkpoint brings its own config; leave --config out, or train with it without --checkpoint"
        )
    if plain.mode in (None, "train"):
        raise UserError(
            "--checkpoint is trained already; add --mode=score or --mode=evaluate (or watch, export or describe)"
        )
    return plain.checkpoint


def _trained(plain: flags.FlagValues, override: Override):
    """What --checkpoint brings: config, overrides, the folder of the run, that of exported weights."""
    from vpn_anomaly.storage import trained_folders

    found = trained_folders.trained_in(plain.checkpoint, override, plain.mode == "evaluate")
    if found.run is not None and plain.workdir:
        raise UserError(
            f"--checkpoint={plain.checkpoint} is a run, which is evaluated in its own folder; leave --workdir out"
        )
    return found.config, found.overrides, found.run or plain.workdir, found.checkpoint


def _by_flags(rest: Sequence[str]) -> Override:
    """Sets the fields of --config.FIELD=VALUE."""

    def override(config: ConfigDict) -> tuple[ConfigDict, dict[str, object]]:
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

    return override


def _wrong_value(error: Exception) -> str:
    """Rephrases absl's error about an invalid value, naming the field and its type."""
    said = re.match(r"flag --config\.([\w.]+)=(.*?): ", str(error), re.DOTALL)
    if not said:
        return _one_line(error)
    field = config_fields.field_named(said[1])
    return f"{field.name} is {display_name_of_missing(said[2])!r}, but has to be {config_module.type_name(field)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _check_files(arguments: Arguments) -> None:
    """Raises UserError for files that the mode needs but lacks, does not use, or cannot write."""
    _check_workdir(arguments)
    mode, inputs = arguments.mode, arguments.inputs
    given = {"input": bool(inputs), **dict.fromkeys(arguments.outputs, True)}
    given |= dict.fromkeys(arguments.receivers, True) | {"format": arguments.export_format is not None}
    given |= {name: getattr(arguments, name) is not None for name in ("max_frames", *_DESCRIBED)}
    for name in given:
        modes = flag_rows.modes_of(name)
        if given[name] and mode not in modes:
            raise UserError(f"--{name} is for {' and '.join(f'--mode={one}' for one in modes)} only")
    for name, path in arguments.outputs.items():
        _check_output(name, path, flag_rows.suffixes_of(name, mode))
    if mode in flag_rows.modes_of("input") and not inputs:
        raise UserError(f"--mode={mode} needs --input={'FILE' if mode == 'score' else 'SOURCE'}")
    _check_export(arguments)
    if mode == "score":
        if len(inputs) > 1:
            raise UserError("--mode=score takes one --input; score one file after the other")
        _check_is_file(arguments.source)


def _check_export(arguments: Arguments) -> None:
    """UserError for an export without a folder, or as something unknown."""
    if arguments.mode != EXPORT:
        return
    if arguments.export_folder is None:
        raise UserError(f"--mode={EXPORT} needs --output=FOLDER, a new or empty one")
    check_export_format(arguments.export_format or "")


def _check_receivers(arguments: Arguments) -> None:
    """UserError for addresses that events cannot be sent to, or not by this command."""
    for name in arguments.receivers:
        if arguments.processes is not None and arguments.processes.count != 1:
            raise UserError(f"--{name} is for one process; start one, or write events to a file by --events")
    addresses.check_receivers(arguments.receivers)


def _check_is_file(path: str) -> None:
    """Raises UserError if the path to be scored is not a file."""
    if path == samples.SAMPLE:
        return
    if path == "-" or os.path.exists(path) and not os.path.isfile(path):
        raise UserError(
            f"--input={path} is not a file: --mode=score reads a .npz or .npy from disk (only"
            " --mode=watch takes pipes and folders); write the sequences to a file first"
        )
    if not os.path.exists(path):
        raise UserError(f"there is no input file {display_name_of_missing(path)}")


def _check_workdir(arguments: Arguments) -> None:
    mode, trained_elsewhere = arguments.mode, arguments.checkpoint is not None
    reading = (*flag_rows.modes_of("input"), EXPORT)
    if mode in reading and trained_elsewhere and arguments.workdir is not None:
        raise UserError(
            f"--mode={mode} with --checkpoint writes only to what flags name; leave --workdir out"
        )
    if mode == "evaluate" and trained_elsewhere and arguments.workdir is None:
        raise UserError(
            "--mode=evaluate with --checkpoint needs a --workdir for the results, a new or empty folder"
        )
    if mode in ("evaluate", *reading) and not trained_elsewhere and arguments.workdir is None:
        raise UserError(f"--mode={mode} needs the --workdir of a trained run, or --checkpoint=pretrained")


def _check_output(name: str, path: pathlib.Path, suffixes: Sequence[str]) -> None:
    if path.suffix not in suffixes:
        raise UserError(f"--{name}={path} has to end in {' or '.join(suffixes)}")
    if not os.path.isdir(path.parent):
        raise UserError(f"--{name}={path}: there is no folder {path.parent}; make it first")
    if os.path.isdir(path):
        raise UserError(f"--{name}={path} is a folder")
