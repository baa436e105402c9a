"""A run's configuration, an ml_collections.ConfigDict: its defaults and its validation.

config = defaults()
config.model.attention.kind = "none"
check(config)                        # UserError for an invalid value or combination
"""

import math
import types
import typing
from collections.abc import Iterator, Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config_rules
from vpn_anomaly.config_fields import FIELDS, Field, field_named
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import file_names
from vpn_anomaly.text.display_names import display_name

_FOLDERS = ("data.video.cache",)  # in which files with longer names are created


def defaults() -> ConfigDict:
    """A new configuration with every field at its default; values can be set, but no fields added."""
    config = ConfigDict()
    for field in FIELDS:
        *sections, leaf = field.name.split(".")
        node = config
        for section in sections:
            if section not in node:
                node[section] = ConfigDict()
            node = node[section]
        node[leaf] = field.default
    return config.lock()


def flat(config: Mapping) -> dict[str, object]:
    """The values by dotted name; lists (from a config stored as JSON) become tuples.

    A section without fields counts as a value; no valid config has one.
    """

    def leaves(node: Mapping, prefix: str) -> Iterator[tuple[str, object]]:
        for key, value in node.items():
            if isinstance(value, (Mapping, ConfigDict)) and len(value):
                yield from leaves(value, f"{prefix}{key}.")
            else:
                yield prefix + key, tuple(value) if isinstance(value, list) else value

    return dict(leaves(config, ""))


def shown(config: Mapping) -> dict[str, object]:
    """The values by dotted name in a form safe to display: addresses without their secrets."""
    return {name: _shown(value) for name, value in flat(config).items()}


def as_dict(config: ConfigDict) -> dict:
    """Nested plain dicts, with lists for tuples: exactly what reading it back from JSON returns.

    Secrets are removed from addresses, since this is what is stored.
    """
    return {
        key: as_dict(value)
        if isinstance(value, ConfigDict)
        else list(value)
        if isinstance(value, tuple)
        else _shown(value)
        for key, value in config.items()
    }


def differences(a: Mapping, b: Mapping) -> list[str]:
    """Dotted names whose values differ, or that only one of the two has, in the order of FIELDS.

    Addresses are compared by display name, since a stored config has only that.
    """
    a, b = shown(a), shown(b)
    missing = object()
    names = list(
        dict.fromkeys([*(field.name for field in FIELDS if field.name in a or field.name in b), *a, *b])
    )
    return [name for name in names if a.get(name, missing) != b.get(name, missing)]


def check(config: ConfigDict) -> None:
    """Raises UserError (one line) for an unknown, missing or invalid field, or an invalid combination."""
    values = flat(config)
    for name in values:
        field_named(name)
    for field in FIELDS:
        if field.name not in values:
            raise UserError(f"the config lacks the field {field.name} ({field.meaning})")
        check_value(field, values[field.name])
    config_rules.check(values)


def expand_paths(config: ConfigDict) -> None:
    """Expands ~ to home folders in the fields of a checked config that name files; see `file_names`."""
    for field in FIELDS:
        if field.is_path:
            *sections, leaf = field.name.split(".")
            node = config
            for section in sections:
                node = node[section]
            path = file_names.expanded(node[leaf], f"{field.name}=", field.name in _FOLDERS)
            if path != node[leaf]:
                node[leaf] = path


def check_value(field: Field, value: object) -> None:
    """Raises UserError (one line) for a value that is not allowed for the field."""
    is_tuple, element = isinstance(field.kind, types.GenericAlias), _element_type(field)
    elements = value if is_tuple and isinstance(value, tuple) else (value,)
    wrong_type = (
        isinstance(value, tuple) != is_tuple
        or not all(_is_a(one, element) for one in elements)
        or is_tuple
        and not (elements or field.may_be_empty)
        or is_tuple
        and field.length is not None
        and len(elements) != field.length
    )
    if wrong_type:
        raise UserError(f"{field.name} is {_shown(value)!r}, but has to be {type_name(field)}")
    for one in elements:
        too_low = field.minimum is not None and one < field.minimum
        too_high = field.maximum is not None and one > field.maximum
        if too_low or too_high or field.choices is not None and one not in field.choices:
            raise UserError(f"{field.name} is {_shown(value)!r}, but has to be {allowed(field)}")


def type_name(field: Field) -> str:
    """The field's type in words, such as "a whole number" or "a tuple of 2 numbers"."""
    words = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    element = words[_element_type(field)]
    if isinstance(field.kind, types.GenericAlias):
        count = field.length or ("any number of" if field.may_be_empty else "one or more")
        return f"a tuple of {count} {element}s"
    return element if field.kind in (bool, str) else f"a {element}"


def allowed(field: Field) -> str:
    """The allowed values, in words: the choices or the range; empty if unrestricted."""
    if field.choices:
        return "one of " + ", ".join(field.choices) + (", or (), none of them" if field.may_be_empty else "")
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}" if high < 1e6 else f"from {low:g} to {high}"
    return f"{low:g} or more" if low is not None else ""


def _shown(value: object) -> object:
    return display_name(value) if isinstance(value, str) else value


def _element_type(field: Field) -> type:
    """The type of the field's value, or of each element of a tuple."""
    return typing.get_args(field.kind)[0] if isinstance(field.kind, types.GenericAlias) else field.kind


def _is_a(value: object, kind: type) -> bool:
    """Whether a value has the given type. As float, ints are accepted, but not bools, infinities or NaN."""
    if kind is float and type(value) in (int, float):
        return math.isfinite(typing.cast(float, value))
    return type(value) is kind
