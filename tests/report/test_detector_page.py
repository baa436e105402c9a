"""The page of a detector: it leads to the pages of its members."""

from tests.report.html_reader import read, rows_of
from vpn_anomaly.report import detector_page

MEMBERS = {
    "motion": {
        "system": "inpainting",
        "steps": 1200,
        "parameters": 34567,
        "training_seconds": 300.0,
        "every": 1,
        "share": 0.75,
        "corruptions": {"temporal": {"any": {"break_even_accuracy": 0.9, "auroc": 0.95}}},
    },
    "normality": {
        "system": "normality",
        "steps": 1,
        "parameters": 10,
        "training_seconds": 20.0,
        "every": 4,
        "share": 0.25,
    },
}


def test_members_figures_and_links(tmp_path):
    results = {"members": MEMBERS, "wall_seconds": 720.0, "commit": "0123456789abcdef"}
    detector_page.write_report(tmp_path / "report.html", results)
    page = read((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "motion 5 min, normality 20 s" in page.text and "12 min" in page.text
    motion, normality = rows_of(page.one(id="member-table"))
    assert motion[2:] == ["inpainting", "1,200", "34,567", "every frame", "75%"]
    assert normality[2:] == ["normality", "1", "10", "1 of 4 frames", "25%"]
    (link,) = page.one(id="member-table").all("a")  # the other has no report of its own
    assert link.attributes["href"] == "motion/report.html" and link.text == "motion"
    assert rows_of(page.one(id="figure-table")) == [["motion", "temporal", "0.900", "0.950"]]
    assert "Not evaluated on test sequences: normality." in page.text
