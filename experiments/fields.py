"""Writes all fields of a config into docs/fields.md, as --help lists them, a table for each section.

    python -m experiments.fields [--page=docs/fields.md] [--check]

The tables are written between two marker lines. `--check` writes nothing and exits with 1 if the page does not show
the fields.
"""

import argparse
import itertools
import pathlib
import sys
from collections.abc import Sequence

from experiments.command_line import Parser, entry_point, file_path
from experiments.tables import page_block
from vpn_anomaly import config
from vpn_anomaly.config_fields import FIELDS, Field

WHOLE = "system and seed"  # the fields of no section


def markers() -> tuple[str, str]:
    """The marker lines before and after the tables."""
    return page_block.markers("fields", "experiments.fields")


def block() -> str:
    """A heading and a table for each section, in the order of the fields."""
    parts = []
    for section, fields in itertools.groupby(FIELDS, _section):
        rows = [[f"`{field.name}`", _default(field), field.meaning, _allowed(field)] for field in fields]
        parts += [
            f"## {section}",
            page_block.markdown_table(["field", "default", "meaning", "allowed"], rows),
        ]
    return "\n\n".join(parts)


def _section(field: Field) -> str:
    """That of a field in the config; all fields of a member are in the member's."""
    *sections, _ = field.name.split(".")
    return ".".join(sections[:2]) or WHOLE


def _default(field: Field) -> str:
    return f"`{field.default}`" if field.default != "" else "empty"


def _allowed(field: Field) -> str:
    return ", ".join(filter(None, (config.allowed(field) or config.type_name(field), field.unit)))


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Writes or checks the page. Exit code 1: `--check` found differences; 2: an error."""
    arguments = _arguments(argv)
    update = page_block.update(arguments.page, markers(), block())
    outdated = "it does not show the fields of vpn_anomaly/config_fields.py"
    return page_block.settle(
        [update], arguments.check, outdated, f"{arguments.page} shows {len(FIELDS)} fields"
    )


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("fields", __doc__)
    parser.add_argument(
        "--page", type=file_path, default=pathlib.Path("docs/fields.md"), help="the page with the tables"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page differs")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
