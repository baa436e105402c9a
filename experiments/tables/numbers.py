"""Percentages and differences of them, as tables show them."""

from collections.abc import Callable, Sequence


def percent(value: float) -> str:
    """A value in percent, without the sign."""
    return f"{value:.1f}"


def points(value: float) -> str:
    """A difference in percentage points, signed unless it prints as 0.0."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def interval(ends: Sequence[float], text: Callable[[float], str] = percent) -> str:
    """[low, high], each as `text` writes it."""
    low, high = map(text, ends)
    return f"[{low}, {high}]"
