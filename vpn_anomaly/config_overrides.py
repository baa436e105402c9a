"""Fields of a config that are set by hand: as values here, as text by `command_line`."""

from collections.abc import Callable, Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config as configuration
from vpn_anomaly import members
from vpn_anomaly.config_fields import field_named

# From a config to one with these fields, and their values by dotted name.
Override = Callable[[ConfigDict], tuple[ConfigDict, dict[str, object]]]


def of_values(values: Mapping[str, object]) -> Override:
    """Sets fields, by dotted name, to these values; a list is taken for a tuple.

    UserError for a field that there is not, and for a value of another type or out of its range.
    """

    def override(config: ConfigDict) -> tuple[ConfigDict, dict[str, object]]:
        set_by_hand = {name: _value(name, value) for name, value in values.items()}
        changed = config.copy_and_resolve_references()
        changed.update_from_flattened_dict(set_by_hand)
        return changed, set_by_hand

    return override


def applied(override: Override, config: ConfigDict) -> tuple[ConfigDict, dict[str, object]]:
    """The config with what was set by hand, checked, with ~ expanded, and the values that were set."""
    config, values = override(config)
    members.check(config)
    configuration.expand_paths(config)
    return config, values


def _value(name: str, value: object) -> object:
    field = field_named(name)
    value = tuple(value) if isinstance(value, list) else value
    configuration.check_value(field, value)
    return float(value) if field.kind is float and isinstance(value, int) else value
