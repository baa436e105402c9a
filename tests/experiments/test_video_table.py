"""The table of labelled sets: what it says of result files, and that the page says what is stored."""

import json
import pathlib

import pytest

from experiments import video_table
from experiments.definitions import published_figures
from experiments.tables import labelled_sets

ROOT = pathlib.Path(__file__).parents[2]


def metrics(value, macro=None):
    return {
        "auroc_micro": value,
        "auroc_macro": macro,
        "equal_error_rate": 1 - value,
        "ci95": {
            "auroc_micro": [value - 0.1, value + 0.05],
            "auroc_macro": None,
            "equal_error_rate": [0.1, 0.3],
        },
    }


def result(data_set="belt", difference=0.5, **protocol):
    return {
        "data_set": {
            "name": data_set,
            "source": "ucsd",
            "clips": [{"frames": 1100, "anomalous": 100}, {"frames": 900, "anomalous": 0}],
        },
        "protocol": {
            "dropped_frames": 0,
            "normalise_clips": False,
            "smoothing": 0.0,
            "masks": "auto",
            **protocol,
        },
        "scores": {
            "any": metrics(0.75),
            "mean_nll": metrics(0.7, 0.65),
            "frame_difference": metrics(difference),
            "other": metrics(0.1),
        },
    }


@pytest.fixture
def folder(tmp_path):
    """Two models on one set, one of them by a run's folder, another protocol, and a page."""
    stored = {
        "motion.json": result(),
        "run/results.json": result(normalise_clips=True, smoothing=4.0),
        "other.json": result(),
    }
    for name, content in stored.items():
        path = tmp_path / "stored" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (tmp_path / "page.md").write_text("\n".join(["before", *video_table.markers(), "after", ""]))
    return tmp_path


def written(folder, *flags):
    arguments = [str(folder / "stored"), f"--page={folder}/page.md", *flags]
    code = video_table.main(arguments)
    return code, (folder / "page.md").read_text()


def test_rows_have_what_the_files_say(folder):
    code, text = written(folder)
    assert code == 0
    lines = text.splitlines()
    assert (lines[0], lines[1], lines[-2:]) == (
        "before",
        video_table.markers()[0],
        [video_table.markers()[1], "after"],
    )
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| belt")
    ]
    assert rows[0] == [
        "belt",
        "2,000, 100 anomalous",
        "motion",
        "`any`",
        "0.750 [0.650, 0.800]",
        "-",
        "0.250 [0.100, 0.300]",
        "raw",
    ]
    assert [(row[2], row[3], row[7]) for row in rows] == [
        ("motion", "`any`", "raw"),
        ("motion", "`mean_nll`", "raw"),
        ("–", "`frame_difference`", "raw"),
        ("other", "`any`", "raw"),
        ("other", "`mean_nll`", "raw"),
        ("run", "`any`", "clips normalised, smoothed by 4 frames"),
        ("run", "`mean_nll`", "clips normalised, smoothed by 4 frames"),
        ("–", "`frame_difference`", "clips normalised, smoothed by 4 frames"),
    ]
    assert rows[1][5] == "0.650"


def rows_of(text, first):
    """The cells of the rows that begin with a word."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith(f"| {first}")
    ]


def test_the_published_protocol_has_rows_of_its_own(tmp_path):
    """The rows without learning stand once for both models, raw and by this protocol."""
    published = result(difference=0.8, normalise_clips=True, smoothing=5.0)
    both = result() | {"published": {name: published[name] for name in ("scores", "protocol")}}
    results = {"one": both, "old": result(), "two": both}
    rows = rows_of(labelled_sets.table(results, ("any", "frame_difference")), "belt")
    scaled = "clips normalised, smoothed by 5 frames"
    assert [(row[2], row[3], row[4][:5], row[-1]) for row in rows] == [
        ("one", "`any`", "0.750", "raw"),
        ("–", "`frame_difference`", "0.500", "raw"),
        ("one", "`any`", "0.750", scaled),
        ("–", "`frame_difference`", "0.800", scaled),
        ("old", "`any`", "0.750", "raw"),
        ("two", "`any`", "0.750", "raw"),
        ("two", "`any`", "0.750", scaled),
    ]


def test_clips_with_few_frames_add_a_column():
    with_few = result() | {"few_frames": [{"clip": "Test003", "normal": 4, "anomalous": 146}]}
    with_few["scores"]["any"]["auroc_macro_10"] = 0.875
    text = labelled_sets.table({"new": with_few, "old": result()}, ("any",))
    assert "AUROC macro, 10+" in text and labelled_sets.ABOUT_FEW in text
    assert [(row[2], row[6]) for row in rows_of(text, "belt")] == [("new", "0.875"), ("old", "-")]
    assert "10+" not in labelled_sets.table({"old": result()}, ("any",))


def test_figures_of_others_stand_below_those_of_their_set():
    of_ped2 = labelled_sets.table({"one": result("UCSDped2"), "two": result("UCSDped2")}, ("any",))
    head, *figures = rows_of(of_ped2.split(labelled_sets.ABOUT_OTHERS)[1], "")[1:]
    assert figures[0][:3] == ["UCSDped2", "STAE", "0.90"] and len(figures) == len(published_figures.FIGURES)
    for *_, protocol in figures:
        assert published_figures.SCALED in protocol
    assert labelled_sets.ABOUT_OTHERS not in labelled_sets.table({"one": result()}, ("any",))


def test_scores_are_those_asked_for(folder):
    _, text = written(folder, "--scores", "other")
    assert "`other`" in text and "`any`" not in text


def test_scores_that_no_result_has_end_with_a_line(folder, capsys):
    before = (folder / "page.md").read_text()
    assert written(folder, "--scores", "nonsense") == (2, before)
    assert "they have any, frame_difference, mean_nll, other" in capsys.readouterr().err


def test_check_tells_whether_the_table_is_what_the_results_give(folder, capsys):
    before = (folder / "page.md").read_text()
    assert written(folder, "--check") == (1, before)
    assert "run the same command without --check" in capsys.readouterr().err
    written(folder)
    assert written(folder, "--check")[0] == 0


def test_without_a_page_the_table_is_printed(folder, capsys):
    assert video_table.main([str(folder / "stored" / "run")]) == 0
    table = capsys.readouterr().out.strip()
    assert written(folder, "--scores", *labelled_sets.SCORES)[0] == 0
    header = next(line for line in table.splitlines() if line.startswith("| data set"))
    assert header in (folder / "page.md").read_text() and "clips normalised" in table and "raw" not in table


def test_a_run_is_read_by_its_folder(folder):
    found = labelled_sets.read_results([folder / "stored" / "run"])
    assert list(found) == ["run"] and found["run"]["protocol"]["smoothing"] == 4.0


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("x.json", "{}", "holds no results of a labelled set"),
        ("x.json", "not json", "holds no results of a labelled set"),
        ("deeper/motion/results.json", json.dumps(result()), "two results are called motion"),
    ],
)
def test_other_files_end_with_a_line(folder, capsys, name, content, words):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    before = (folder / "page.md").read_text()
    assert video_table.main([str(folder / "stored"), str(path), f"--page={folder}/page.md"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and words in error
    assert (folder / "page.md").read_text() == before


def test_the_page_shows_the_stored_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert video_table.main(["--page=docs/labelled_sets.md", "--check"]) == 0
