"""DIR/report.html of a detector whose members were evaluated on test sequences: a page that leads to theirs."""

import pathlib
from collections.abc import Mapping

from vpn_anomaly.member_rows import member_named
from vpn_anomaly.report.numbers import number
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.parts import Cell, Column, Facts, Page, Section, Table, Text
from vpn_anomaly.storage import workdir
from vpn_anomaly.text.durations import rough_duration

ALARM = "any"  # the score to alarm on
DASH = "–"
METRICS = {"break_even_accuracy": "break-even", "auroc": "AUROC"}


def write_report(path: pathlib.Path, results: Mapping) -> None:
    """Writes the page of results, the content of results.json. UserError where it cannot be written."""
    write_page(path, detector_page(path.parent.name, results))


def detector_page(name: str, results: Mapping) -> Page:
    """The page; see `write_report`. name: of the folder."""
    members, commit = results["members"], results["commit"]
    facts = Facts(
        [
            ("Members", ", ".join(members)),
            ("Training took", ", ".join(_durations(members))),
            ("Training and evaluation", rough_duration(results["wall_seconds"])),
            ("Program", f"commit {commit[:12]}" if commit else "of no known commit"),
        ]
    )
    sections = [
        Section("Members", [_member_table(members)], "members"),
        Section("Test sequences", _figures(members), "figures"),
    ]
    return Page(f"{name}: a detector", "Its members, and what each finds alone", facts, sections)


def _durations(members: Mapping) -> list[str]:
    return [f"{name} {rough_duration(of['training_seconds'])}" for name, of in members.items()]


def _member_table(members: Mapping) -> Table:
    text = lambda title: Column(title, number=False)
    columns = [text("member"), text("detects"), text("system"), Column("steps"), Column("parameters")]
    columns += [text("looks at"), Column("share of the false alarms")]
    rows = [
        [
            Cell(name, file=f"{name}/{workdir.REPORT}" if "corruptions" in of else ""),
            member_named(name).about,
            of["system"],
            f"{of['steps']:,}",
            f"{of['parameters']:,}",
            "every frame" if of["every"] == 1 else f"1 of {of['every']} frames",
            f"{of['share']:.0%}",
        ]
        for name, of in members.items()
    ]
    return Table(columns, rows, "A name leads to the member's own report.", "member-table")


def _figures(members: Mapping) -> list[Text | Table]:
    """Break-even accuracy and AUROC of the score to alarm on, of every member and corruption."""
    rows = [
        [name, kind, *(number(scores.get(ALARM, {}).get(metric), DASH) for metric in METRICS)]
        for name, of in members.items()
        for kind, scores in of.get("corruptions", {}).items()
    ]
    without = [name for name, of in members.items() if "corruptions" not in of]
    texts = [Text([f"Not evaluated on test sequences: {', '.join(without)}."])] if without else []
    columns = [Column("member", number=False), Column("corruption", number=False)]
    caption = f"Normal test sequences against as many corrupted ones, by the score “{ALARM}” of the member."
    return [*texts, Table([*columns, *map(Column, METRICS.values())], rows, caption, "figure-table")]
