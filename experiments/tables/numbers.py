"""Percentages and differences of them, as tables show them."""


def percent(value: float) -> str:
    """A value in percent, without the sign."""
    return f"{value:.1f}"


def points(value: float) -> str:
    """A difference in percentage points, signed unless it prints as 0.0."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
