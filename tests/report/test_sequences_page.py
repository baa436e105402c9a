"""The report of an evaluation: its numbers are those of results.json, its figures those of the folder."""

import datetime
import shutil

import pytest

from tests.report.html_reader import content_of, read_alone, rows_of
from vpn_anomaly import config as configuration
from vpn_anomaly.evaluation_run import evaluate
from vpn_anomaly.report.sequences_page import write_report
from vpn_anomaly.scoring.trained_model import trained_run
from vpn_anomaly.storage.results_file import read_results
from vpn_anomaly.storage.workdir import REPORT

NOW = datetime.datetime(2026, 1, 31, 23, 59)


@pytest.fixture(scope="module")
def folder(evaluated):
    return evaluated.folder


@pytest.fixture(scope="module")
def document(folder):
    return read_alone((folder / REPORT).read_text(encoding="utf-8"))


def test_the_table_is_that_of_the_results(document, folder):
    corruptions = read_results(folder)["corruptions"]
    table = document.one(id="score-table")
    groups = [(th.text, th.attributes["colspan"]) for th in table.all("tr")[0].all("th")]
    assert groups == [("", "1"), *((kind, "2") for kind in corruptions)]
    rows = rows_of(table)
    assert [row[0] for row in rows] == list(corruptions["both"])
    for name, *cells in rows:
        expected = []
        for of_kind in corruptions.values():
            for metric in ("break_even_accuracy", "auroc"):
                low, high = of_kind[name]["ci95"][metric]
                expected.append(f"{of_kind[name][metric]:.3f} {low:.3f}–{high:.3f}")
        assert cells == expected


def test_maps_and_costs_are_those_of_the_results(document, folder):
    results = read_results(folder)
    rows = {name: values for name, *values in rows_of(document.one(id="map-table"))}
    assert rows == {
        name: [f"{of_kind[name]['pixel_auroc']:.3f}" for of_kind in results["maps"].values()]
        for name in results["maps"]["both"]
    }
    facts = {entry.all("dt")[0].text: entry.all("dd")[0].text for entry in document.all("dl")[0].all("div")}
    assert facts["Training"] == f"{results['steps']} steps, 8 sequences"
    assert facts["Parameters"] == f"{results['parameters']:,}"
    assert facts["A training step"] == f"{results['step_flops'] / 1e9:,.4g} GFLOP"
    assert facts["Surprise of normal frames"] == f"{results['nats_per_frame']:,.6g} nats per frame"
    assert document.all("p")[0].text == str(folder)


def test_fields_that_differ_from_their_defaults_are_told(document, tiny_run):
    rows = rows_of(document.one(id="config-table"))
    default, here = configuration.flat(configuration.defaults()), configuration.flat(tiny_run.config)
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        name: (repr(value), repr(default[name])) for name, value in here.items() if value != default[name]
    }
    assert all(row[3] for row in rows)


def test_every_figure_of_the_folder_is_in_it(document, folder):
    embedded = [content_of(image)[1] for image in document.all("img")]
    drawn = [path.read_bytes() for path in (folder / "figures").iterdir()]
    assert sorted(embedded) == sorted(drawn) and len(drawn) > 7


def test_another_evaluation_shows_what_it_drew_and_nothing_of_the_one_before(tiny_run, folder, tmp_path):
    config = tiny_run.config.copy_and_resolve_references()
    config.evaluate.corruptions = ("both",)
    again = shutil.copytree(folder, tmp_path / "again")
    (again / "figures" / "training.png").unlink()
    (again / "train.jsonl").unlink()
    evaluate(config, trained_run(config, tiny_run.directory), again)
    document = read_alone((again / REPORT).read_text(encoding="utf-8"))
    titles = [figure.all("h3")[0].text for figure in document.all("figure")]
    assert titles[:3] == ["Scores", "both: the maps of a sequence", "both: the most and the least anomalous"]
    assert "temporal" not in "".join(titles) and "Training" not in titles


def results_without_numbers():
    """Results of a system without distributions, where an empty class leaves everything undefined."""
    undefined = {"break_even_accuracy": None, "auroc": None}
    metrics = {**undefined, "ci95": undefined}
    return {
        "corruptions": {"both": {"frame_error": metrics}},
        "maps": {"both": {"error": {"pixel_auroc": None}}},
        "nats_per_frame": None,
        "sequences_seen": 1,
        "steps": 1,
        "parameters": 1,
        "step_flops": 1,
        "wall_seconds": 1.0,
        "commit": None,
        "config": configuration.as_dict(configuration.defaults()),
        "hardware": {"platform": "cpu", "device": "cpu", "devices": 1, "cpu": "a & b", "cpu_cores": 2},
        "software": {"python": "3"},
    }


def test_what_is_undefined_or_absent_is_a_dash_or_left_out(tmp_path):
    write_report(tmp_path, results_without_numbers(), NOW)
    document = read_alone((tmp_path / REPORT).read_text(encoding="utf-8"))
    assert rows_of(document.one(id="score-table")) == [["frame_error", "–", "–"]]
    assert rows_of(document.one(id="map-table")) == [["error", "–"]]
    assert "nats" not in document.all("dl")[0].text and "of no known commit" in document.text
    assert "Every field is at its default." in document.text and not document.all("img")


def test_the_same_results_give_the_same_bytes(folder, tmp_path):
    pages = []
    for _ in range(2):
        write_report(folder, read_results(folder), NOW)
        pages.append((folder / REPORT).read_bytes())
    assert pages[0] == pages[1]
