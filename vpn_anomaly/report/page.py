"""A page as one HTML file that needs nothing beside it: no network, no scripts, no other files.

page = Page("title", "subtitle", Facts([("frames", "600")]), [Section("Scores", [figure], "scores")])
write_page(pathlib.Path("report.html"), page)
"""

import functools
import pathlib

import jinja2

from vpn_anomaly.files import output_files
from vpn_anomaly.report.colours import INK
from vpn_anomaly.report.parts import Page
from vpn_anomaly.report.pictures import ENLARGED_BELOW
from vpn_anomaly.text.printable_line import printable_line

TEMPLATE = pathlib.Path(__file__).with_name("page.html")


def write_page(path: pathlib.Path, page: Page) -> None:
    """Writes the page in one piece, in UTF-8. UserError where it cannot be written."""
    content = html(page).encode()
    output_files.write_atomically(path, lambda file: file.write(content))


def html(page: Page) -> str:
    """The page as HTML. The same page gives the same text."""
    return _template().render(page=page, ink=INK, enlarged_below=ENLARGED_BELOW)


def _readable(value: object) -> object:
    """Text as a reader may see it: with "?" for bytes of a file name that are no UTF-8, no control
    characters."""
    return printable_line(value.encode(errors="replace").decode()) if type(value) is str else value


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_readable,
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
