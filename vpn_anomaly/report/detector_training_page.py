"""DIR/report.html of a detector while its members train: which one does, and the way to its own page."""

import datetime
import logging
import pathlib
from collections.abc import Iterable

from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import member_named
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.parts import Cell, Column, Facts, Page, Section, Table, Text
from vpn_anomaly.report.standing import Standing
from vpn_anomaly.storage import workdir

_log = logging.getLogger(__name__)


class DetectorTrainingPage:
    """The page in the folder of a detector. Where it cannot be written, a warning says so.

    Args:
        directory: of the detector.
        members: their names.
    """

    def __init__(self, directory: pathlib.Path, members: Iterable[str]):
        self._directory = directory
        self._doing = dict.fromkeys(members, "waits")

    def write(self, member: str, doing: str, standing: Standing) -> None:
        """Writes the page, from now on with what a member does.

        standing: of the detector.
        """
        self._doing[member] = doing
        try:
            write_page(self._directory / workdir.REPORT, self._page(standing))
        except UserError as error:
            _log.warning("the page that shows how training goes is not written: %s", error)

    def _page(self, standing: Standing) -> Page:
        rows = [[self._name(name), member_named(name).about, doing] for name, doing in self._doing.items()]
        columns = [Column(title, number=False) for title in ("member", "detects", "training")]
        table = Table(columns, rows, "A name leads to the member's own page.", "member-table")
        return Page(
            f"{standing.word}: a detector",
            str(self._directory),
            Facts([("Written", f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}")]),
            [Section("Members", [Text([standing.said]), table], "members")],
            standing.refresh,
        )

    def _name(self, name: str) -> Cell:
        page = f"{name}/{workdir.REPORT}"
        return Cell(name, file=page if (self._directory / page).is_file() else "")
