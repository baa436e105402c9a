"""How reports and tables write metrics."""

from collections.abc import Mapping

UNDEFINED = "-"


def number(value: float | None, undefined: str = UNDEFINED) -> str:
    """A metric: "0.871"; `undefined` for None."""
    return undefined if value is None else f"{value:.3f}"


def with_interval(metrics: Mapping, name: str) -> str:
    """A metric with its interval of `ci95`, if it has one: "0.871 [0.820, 0.912]"."""
    value, bounds = metrics.get(name), metrics.get("ci95", {}).get(name)
    if value is None or not bounds or None in bounds:
        return number(value)
    return f"{number(value)} [{number(bounds[0])}, {number(bounds[1])}]"
