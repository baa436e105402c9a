"""The report of a labelled set: it stands alone, and says what frames.csv and results.json say."""

import csv
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.data.video_files import images
from tests.labelled_sets import FRAMES, labelled_run, write_set
from tests.report.html_reader import content_of, pixels_of, read_alone, rows_of
from tests.report.test_timeline import points_of
from vpn_anomaly.evaluation_run import evaluate
from vpn_anomaly.report import labelled_page
from vpn_anomaly.report.results_table import threshold_lines


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """results, the rows of frames.csv, the page, and the folder of the set."""
    folder = tmp_path_factory.mktemp("page")
    write_set("ucsd", folder / "a <set> & b")
    run = labelled_run(folder, "ucsd", folder / "a <set> & b")
    run.config.evaluate.protocol.published = True
    results = evaluate(run.config, run.trained, run.directory)
    with (run.directory / "frames.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    text = (run.directory / "report.html").read_text(encoding="utf-8")
    return results, rows, read_alone(text), folder / "a <set> & b"


def check_table(rows, by_name, shown):
    """Whether rows of a table have these metrics, with their intervals."""
    assert [row[0] for row in rows] == list(by_name)
    for (name, *cells), metrics in zip(rows, by_name.values(), strict=True):
        for cell, metric in zip(cells, shown, strict=True):
            if metrics[metric] is None:
                assert cell == "-"
                continue
            value, interval = cell.split(" ", 1)
            assert value == f"{metrics[metric]:.3f}", name
            assert interval == "[{:.3f}, {:.3f}]".format(*metrics["ci95"][metric])


def test_the_table_has_the_figures_of_results_json(evaluated):
    results, _, page, _ = evaluated
    shown = ("auroc_micro", "auroc_macro", "auroc_macro_10", "equal_error_rate")
    check_table(rows_of(page.one(id="scores")), results["scores"], shown)
    check_table(rows_of(page.one(id="published-scores")), results["published"]["scores"], shown)
    assert results["published"]["scores"]["any"] != results["scores"]["any"]
    for table, prefix in ((results, ""), (results["published"], "published-")):
        differences = rows_of(page.one(id=f"{prefix}differences"))
        assert [row[0] for row in differences] == results["without_learning"]
        check_table(differences, table["differences"], ("auroc_micro", "auroc_macro"))
    assert "without Test001 (13 normal, 7 anomalous), Test003 (3 normal, 8 anomalous)" in page.text
    assert {name: value for name, value in rows_of(page.one(id="maps"))} == {
        name: f"{of['pixel_auroc']:.3f}" for name, of in results["maps"].items()
    }
    for phrase in (*results["done"], *results["not_done"]):
        assert phrase in page.text
    assert "a <set> & b" in page.all("h1")[0].text


def test_clips_have_the_parts_of_their_frames_that_are_flagged(evaluated):
    results, rows, page, _ = evaluated
    of_page = rows_of(page.one(id="clip-table"))
    at = results["at_threshold"]
    part = lambda value: "-" if value is None else f"{value:.3f}"
    for row, flagged in zip(of_page, at["clips"], strict=True):
        assert row[4:] == [part(flagged[name]) for name in ("elsewhere", "after", "recall")]
    assert at["frames"]["after"] + at["frames"]["elsewhere"] == sum(row["label"] == "0" for row in rows)
    for line in threshold_lines(at):
        assert line in page.text


def test_curves_are_the_scores_of_the_csv(evaluated):
    _, rows, page, _ = evaluated
    figures = [figure for figure in page.one(id="clips").all("figure")]
    assert [figure.all("h3")[0].text for figure in figures] == ["Test001", "Test002", "Test003"]
    for figure, count in zip(figures, FRAMES, strict=True):
        name = figure.all("h3")[0].text
        expected = [
            (int(row["frame"]), float(row["any"])) for row in rows if row["clip"] == name and row["any"]
        ]
        (drawn,) = points_of(ElementTree.fromstring(content_of(figure.all("img")[0])[1]))
        assert len(drawn) == len(expected) < count
        # The axes are not known here: frame and score are linear in the drawing.
        for place in (0, 1):
            values, drawn_values = np.array(expected)[:, place], np.array(drawn)[:, place]
            slope, offset = np.polyfit(values, drawn_values, 1)
            np.testing.assert_allclose(slope * values + offset, drawn_values, atol=0.02)


def test_cards_show_the_extreme_frames_of_each_label(evaluated):
    _, rows, page, folder = evaluated
    scored = [row for row in rows if row["any"]]
    for title, label, pick in (
        ("Found", "1", max),
        ("Missed", "1", min),
        ("Mistaken", "0", max),
        ("Least anomalous", "0", min),
    ):
        best = pick((row for row in scored if row["label"] == label), key=lambda row: float(row["any"]))
        cards = [card for card in page.all("article") if card.all("h3")[0].text.startswith(f"{title}: ")]
        assert cards[0].all("h3")[0].text == f"{title}: {best['clip']}, frame {best['frame']}"
        assert f"any {float(best['any']):.4g}" in cards[0].text
        assert len(cards) == len({row["clip"] for row in scored if row["label"] == label})
        frame_TxHxW = images(str(folder / "Test" / best["clip"]))[..., 0]
        difference_T = np.abs(pixels_of(cards[0].all("img")[0]).astype(int) - frame_TxHxW).mean((1, 2))
        assert difference_T.argmin() == int(best["frame"]) and difference_T.min() < 5  # JPEG of noise
        assert bool(cards[0].all("i")) == (label == "1")  # the box of the masks


def test_of_many_clips_the_worst_are_drawn(evaluated, monkeypatch, tmp_path):
    monkeypatch.setattr(labelled_page, "CURVES", 1)
    results, _, _, folder = evaluated
    run = labelled_run(tmp_path, "ucsd", folder)
    evaluate(run.config, run.trained, run.directory)
    page = read_alone((run.directory / "report.html").read_text(encoding="utf-8"))
    of_clips = results["scores"]["any"]["auroc_clips"]
    worst = min(
        (value, f"Test{number:03d}") for number, value in enumerate(of_clips, 1) if value is not None
    )[1]
    assert [figure.all("h3")[0].text for figure in page.one(id="clips").all("figure")] == [worst]
    assert "Drawn are the 1 clips with the least AUROC" in page.text
