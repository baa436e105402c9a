"""DIR/report.html of an evaluation on test sequences: its results with its figures."""

import datetime
import pathlib
from collections.abc import Mapping

from vpn_anomaly import config as configuration
from vpn_anomaly import config_fields
from vpn_anomaly.report.numbers import number
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.parts import Cell, Column, Facts, Figure, Page, Section, Table, Text
from vpn_anomaly.report.pictures import file_uri
from vpn_anomaly.storage import workdir
from vpn_anomaly.text.durations import rough_duration

# Figures by file name with {} for the corruption: title, caption.
OF_CORRUPTION = {
    "maps_{}.png": (
        "{}: the maps of a sequence",
        (
            "The first corrupted test sequence above, the same sequence without the corruption below. What was"
            " changed is outlined. Colours have one scale in both rows."
        ),
    ),
    "extremes_{}.png": (
        "{}: the most and the least anomalous",
        (
            "Of all normal and corrupted test sequences together, by the score that makes fewest mistakes (in the"
            " first map), with the sequence's number and whether it is corrupted."
        ),
    ),
    "missed_{}.png": (
        "{}: the worst mistakes",
        (
            "Corrupted sequences with the lowest scores and normal ones with the highest, by the score that makes"
            " fewest mistakes, where as many sequences are declared anomalous as are."
        ),
    ),
}
DASH = "–"  # for what is undefined
WIDTHS = {"training.png": 760}  # pixels at most
OF_ALL = {
    "scores.png": (
        "Scores",
        (
            "ROC curves of each score, with the area under them, and how its values are distributed. Dashed: the"
            " threshold that normal validation sequences give."
        ),
    ),
    "training.png": ("Training", "The loss of every logged step, its running mean, and the learning rate."),
}


def write_report(directory: pathlib.Path, results: Mapping, now: datetime.datetime) -> None:
    """Writes the page of results (the content of results.json) and of the figures that the directory has.

    UserError where it cannot be written.
    """
    write_page(directory / workdir.REPORT, sequences_page(directory, results, now))


def sequences_page(directory: pathlib.Path, results: Mapping, now: datetime.datetime) -> Page:
    """The page; see `write_report`."""
    corruptions = results["corruptions"]
    all_figures = _figures(directory, OF_ALL)
    of_corruption = [figure for kind in corruptions for figure in _figures(directory, OF_CORRUPTION, kind)]
    sections = [
        Section("Results", [_about(results), _score_table(corruptions)], "results"),
        Section("Curves", all_figures, "curves"),
        Section("Sequences", of_corruption, "sequences"),
        Section("Maps", [_map_table(results["maps"])], "maps"),
        Section("Configuration", _config(results["config"]), "configuration"),
    ]
    return Page(
        "Evaluation report",
        str(directory),
        _facts(results, now),
        [section for section in sections if section.parts],
    )


def _about(results) -> Text:
    evaluate = results["config"]["evaluate"]
    count, first = evaluate["sequences"], evaluate.get("first_sequence", 0)
    return Text(
        [
            f"{count:,} normal test sequences, from number {first:,} on, against as many others under each"
            " corruption. Break-even accuracy is the accuracy where as many sequences are declared anomalous as"
            " are; AUROC the probability that a corrupted sequence scores higher than a normal one. Below each:"
            " its 95% interval by bootstrap."
        ]
    )


def _score_table(corruptions) -> Table:
    """Break-even accuracy and AUROC of every score under every corruption."""
    scores = list(dict.fromkeys(name for of_kind in corruptions.values() for name in of_kind))
    columns = [Column("score", number=False)] + [
        Column(title, group=kind) for kind in corruptions for title in ("break-even", "AUROC")
    ]
    rows = [
        [
            name,
            *(
                _cell(of_kind.get(name, {}), metric)
                for of_kind in corruptions.values()
                for metric in ("break_even_accuracy", "auroc")
            ),
        ]
        for name in scores
    ]
    return Table(columns, rows, anchor="score-table")


def _cell(metrics: Mapping, name: str) -> Cell:
    low_and_high = metrics.get("ci95", {}).get(name)
    note = DASH.join(map(number, low_and_high)) if low_and_high else ""
    return Cell(number(metrics.get(name), DASH), note)


def _map_table(maps) -> Table:
    """Pixel AUROC of every map under every corruption."""
    names = list(dict.fromkeys(name for of_kind in maps.values() for name in of_kind))
    rows = [
        [name, *(number(of_kind.get(name, {}).get("pixel_auroc"), DASH) for of_kind in maps.values())]
        for name in names
    ]
    caption = (
        "Pixel AUROC: the probability that a pixel which a corruption changed is higher in the map"
        " than one which it did not."
    )
    return Table([Column("map", number=False), *map(Column, maps)], rows, caption, "map-table")


def _facts(results, now: datetime.datetime) -> Facts:
    hardware, commit = results["hardware"], results["commit"]
    rows = [
        ("Evaluated", f"{now:%Y-%m-%d %H:%M}"),
        ("System", results["config"]["system"]),
        ("Training", f"{results['steps']:,} steps, {results['sequences_seen']:,} sequences"),
        ("Parameters", f"{results['parameters']:,}"),
        ("A training step", f"{results['step_flops'] / 1e9:,.4g} GFLOP"),
        ("Training and evaluation", rough_duration(results["wall_seconds"])),
        (
            "Hardware",
            f"{hardware['devices']} × {hardware['device']}; {hardware['cpu']}, {hardware['cpu_cores']} cores",
        ),
        ("Software", ", ".join(f"{name} {version}" for name, version in results["software"].items())),
        ("Program", f"commit {commit[:12]}" if commit else "of no known commit"),
    ]
    if results["nats_per_frame"] is not None:
        rows.insert(3, ("Surprise of normal frames", f"{results['nats_per_frame']:,.6g} nats per frame"))
    return Facts(rows)


def _config(config: Mapping) -> list[Text | Table]:
    """The fields that are not at their default."""
    default, here = configuration.flat(configuration.defaults()), configuration.flat(config)
    rows = [
        [name, repr(here.get(name)), repr(default.get(name)), config_fields.field_named(name).meaning]
        for name in configuration.differences(default, here)
    ]
    if not rows:
        return [Text(["Every field is at its default."])]
    columns = [Column(title, number=False) for title in ("field", "here", "default", "meaning")]
    caption = "All other fields are at their defaults."
    return [Table(columns, rows, caption, "config-table")]


def _figures(directory: pathlib.Path, described: Mapping, kind: str = "") -> list[Figure]:
    """Those of the described figures that there are."""
    paths = {name: directory / "figures" / name.format(kind) for name in described}
    return [
        Figure(file_uri(paths[name]), title.format(kind), caption, width=WIDTHS.get(name, 0))
        for name, (title, caption) in described.items()
        if paths[name].exists()
    ]
