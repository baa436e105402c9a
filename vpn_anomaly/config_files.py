"""Config files: programs with a function get_config; those that come with the package have names."""

import os
import pathlib

from ml_collections import ConfigDict

from vpn_anomaly.errors import UserError

_PACKAGE = pathlib.Path(__file__).parent
# Inside the package where it is installed, beside it in a checkout.
FOLDERS = (_PACKAGE / "configs", _PACKAGE.parent / "configs")


def names() -> tuple[str, ...]:
    """Of the configs that come with the package."""
    return tuple(sorted(path.stem for path in _folder().glob("[!_]*.py")))


def file_of(where: str) -> pathlib.Path:
    """The file of FILE[:VARIANT] or NAME[:VARIANT], whether or not it exists."""
    path = where.partition(":")[0]
    is_name = path.isidentifier() and not os.path.exists(path)
    return _folder() / f"{path}.py" if is_name and path in names() else pathlib.Path(path)


def load_config(where: str) -> ConfigDict:
    """The config of FILE[:VARIANT], or of one that comes with the package, NAME[:VARIANT].

    It is what the file's get_config([variant]) returns. UserError if there is no such file, if it is broken, or has
    no such variant.
    """
    path, colon, variant = where.partition(":")
    try:
        source = file_of(where).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UserError(
            f"the config file {path!r} cannot be read: {reason.lower()}; give a file such as configs/quick.py, or one"
            f" of {', '.join(names())}"
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


def config_name(where: str) -> str:
    """A name for runs: configs/full.py:debug becomes full-debug."""
    path, _, variant = where.partition(":")
    return "-".join(part for part in (pathlib.Path(path).stem, variant) if part)


def _folder() -> pathlib.Path:
    return next((folder for folder in FOLDERS if (folder / "base.py").is_file()), FOLDERS[0])
