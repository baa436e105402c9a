"""The formats of an export, one row each."""

import dataclasses
from collections.abc import Callable

from vpn_anomaly.export import onnx, stablehlo
from vpn_anomaly.export.programs import Program


@dataclasses.dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: the value of --format.
        suffix: of a program's file.
        platforms: that a program runs on.
        check: UserError where the libraries that it needs are missing.
        choices: how the choices that depend on the platform were made, in words.
        serialised: a program's bytes, its weights inside.
        call_of: from such bytes to the function, from the inputs to a tuple of the outputs.
    """

    name: str
    suffix: str
    platforms: tuple[str, ...]
    check: Callable[[], None]
    choices: str
    serialised: Callable[[Program], bytes]
    call_of: Callable[[bytes], Callable]


FORMATS = (
    Format(
        "stablehlo",
        stablehlo.SUFFIX,
        stablehlo.PLATFORMS,
        lambda: None,
        "when the program is compiled: it has the sizes that are fast on a CPU, and those of an accelerator",
        stablehlo.serialised,
        stablehlo.call_of,
    ),
    Format(
        "onnx",
        ".onnx",
        ("onnxruntime",),
        onnx.check,
        "before it was traced: those of a graph without loops",
        onnx.serialised,
        onnx.call_of,
    ),
)


def format_named(name: str) -> Format:
    """The row of a format; KeyError for an unknown name."""
    return {row.name: row for row in FORMATS}[name]
