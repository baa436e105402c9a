"""Training from the command line writes its page on the way, and no page says that it goes on when it does not."""

import json
import os
import signal
import types

import pytest

from tests import tiny
from tests.report.html_reader import read, rows_of
from tests.report.training_page_reader import page_of, points_of, refreshes
from vpn_anomaly.detector import training_pages
from vpn_anomaly.detector.training_pages import TrainingPages
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.report import training_page
from vpn_anomaly.scoring import clip_scorer
from vpn_anomaly.training import loop

STEPS = 6


@pytest.fixture
def flags(tmp_path):
    config = tiny.tiny_config({"train.steps": STEPS, "train.report_every": 4})
    tiny.config_file(tmp_path / "tiny.py", config)
    return [f"--config={tmp_path}/tiny.py", f"--workdir={tmp_path}/run", "--mode=train"]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Every page as it was written, with the losses that the log had then, and the number of compiled programs."""
    pages, write = [], training_page.write_page

    def write_and_keep(path, page):
        write(path, page)
        losses = [json.loads(line)["loss"] for line in (path.parent / "train.jsonl").read_text().splitlines()]
        programs = clip_scorer._scores_and_maps._cache_size()
        pages.append(types.SimpleNamespace(page=page_of(path.parent), losses=losses, programs=programs))

    monkeypatch.setattr(training_page, "write_page", write_and_keep)
    return pages


def titles_of(written):
    return [one.page.all("title")[0].text for one in written]


@pytest.fixture
def signalled(monkeypatch):
    """Has a signal arrive when the page of a step is written."""

    def at(step, number):
        show = training_page.TrainingPage.show

        def show_and_signal(page, source, snapshot):
            show(page, source, snapshot)
            if snapshot.step == step:
                os.kill(os.getpid(), number)

        monkeypatch.setattr(training_page.TrainingPage, "show", show_and_signal)

    return at


@pytest.mark.slow
def test_pages_come_at_the_first_step_every_few_and_the_last_and_compile_nothing_twice(
    flags, written, tmp_path
):
    assert main(flags) == 0
    assert titles_of(written) == [f"Training: step {step} of 6" for step in (1, 4, 6)] + [
        "Trained: step 6 of 6"
    ]
    assert [refreshes(one.page) for one in written] == [["10"]] * 3 + [[]]
    for one in written[1:]:
        y = points_of(one.page)[:, 1]
        assert len(y) == len(one.losses)
        assert sorted(range(len(y)), key=lambda place: -y[place]) == sorted(
            range(len(y)), key=lambda place: one.losses[place]
        )
    # The calibration between the last two pages scores by the program that the first page compiled.
    assert len({one.programs for one in written}) == 1
    assert (tmp_path / "run/checkpoints/calibration.npz").exists()
    assert not (tmp_path / "run/results.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stopped_training_says_so_and_its_curve_goes_on(flags, written, signalled, tmp_path, number, code):
    signalled(4, number)
    assert main(flags) == code
    assert titles_of(written)[-1] == "Stopped: step 5 of 6" and refreshes(written[-1].page) == []
    assert "goes on from the newest checkpoint" in written[-1].page.text
    assert "Maps after step 4" in written[-1].page.text
    assert main(flags) == 0  # from step 5 on
    assert titles_of(written)[-1] == "Trained: step 6 of 6"
    assert len(points_of(page_of(tmp_path / "run"))) == len(written[-1].losses) == STEPS


@pytest.mark.slow
def test_an_error_is_on_the_last_page(flags, written, monkeypatch, capsys):
    check = loop.TrainingLoop._check_finite

    def fail_at_5(self, metrics):
        check(self, metrics._replace(values={"loss": float("nan")}) if metrics.step == 5 else metrics)

    monkeypatch.setattr(loop.TrainingLoop, "_check_finite", fail_at_5)
    assert main(flags) == 2
    assert titles_of(written)[-1] == "Stopped: step 4 of 6" and refreshes(written[-1].page) == []
    line = capsys.readouterr().err.splitlines()[-1].removeprefix("error: ")
    assert f"It ended with: {line}" in written[-1].page.text


@pytest.mark.slow
def test_no_page_is_written_if_none_is_wanted_or_none_can_be(flags, written, tmp_path, capsys):
    assert main([*flags, "--config.train.report_every=0", "--config.train.steps=2"]) == 0
    assert written == [] and not (tmp_path / "run/report.html").exists()
    (tmp_path / "run/report.html").mkdir()
    again = [*flags, "--config.train.report_every=1", "--config.train.steps=2"]
    for step in (tmp_path / "run/checkpoints").iterdir():
        if step.name == "2":
            step.rename(tmp_path / "2")
    assert main(again) == 0  # the field may change on the way
    errors = capsys.readouterr().err
    assert errors.count("warning: the page that shows how training goes is not written: cannot write") == 1


class Page:
    """In place of a member's page: keeps how it ended."""

    def __init__(self, config, directory):
        self.ends = []

    def show(self, source, snapshot):
        pass

    def end(self, standing):
        self.ends.append(standing)


@pytest.fixture
def pages_of(tmp_path, monkeypatch):
    """TrainingPages of a detector of three members in a folder, and a function that reads its page."""
    monkeypatch.setattr(training_pages, "TrainingPage", Page)
    config = lambda system: types.SimpleNamespace(system=system, train=types.SimpleNamespace(report_every=2))
    systems = {"motion": "inpainting", "appearance": "block_inpainting", "normality": "normality"}
    members = {
        name: types.SimpleNamespace(config=config(system), run_folder=tmp_path / name)
        for name, system in systems.items()
    }

    def make(then_evaluate=True):
        return TrainingPages(members, tmp_path, then_evaluate)

    return make


def read_page(directory):
    page = read((directory / "report.html").read_text(encoding="utf-8"))
    return page, [row[2] for row in rows_of(page.one(id="member-table"))]


def test_the_page_of_a_detector_says_which_member_is_trained_and_leads_to_it(pages_of, tmp_path):
    pages = pages_of()
    show = pages.begin("motion")
    page, doing = read_page(tmp_path)
    assert doing == ["is training", "waits", "waits"] and page.all("a")[1:] == []
    (tmp_path / "motion").mkdir()
    (tmp_path / "motion/report.html").touch()
    show(None, types.SimpleNamespace(step=1200))
    page, doing = read_page(tmp_path)
    assert doing[0] == "is at step 1,200" and refreshes(page) == ["10"]
    assert [a.attributes["href"] for a in page.one(id="member-table").all("a")] == ["motion/report.html"]
    pages.trained("motion", 130.0)
    pages.begin("appearance"), pages.trained("appearance", 20.0)
    assert pages.begin("normality") is None  # it is fitted, there are no steps
    page, doing = read_page(tmp_path)
    assert doing == ["is trained, in 2 min", "is trained, in 20 s", "is training"]
    assert page.all("title")[0].text == "Training: a detector"


@pytest.mark.parametrize("then_evaluate, under_way", [(True, True), (False, False)])
def test_when_all_members_are_trained_it_waits_for_the_evaluation_alone(
    pages_of, tmp_path, then_evaluate, under_way
):
    pages = pages_of(then_evaluate)
    for name in ("motion", "appearance", "normality"):
        pages.begin(name), pages.trained(name, 1.0)
    page, _ = read_page(tmp_path)
    assert bool(refreshes(page)) == under_way and page.all("title")[0].text == "Trained: a detector"
    assert [one.word for one in pages._pages["motion"].ends] == ["Trained"]
    assert not pages._pages["motion"].ends[0].is_under_way


@pytest.mark.parametrize("trained", [("motion",), ("motion", "appearance", "normality")])
def test_whatever_ends_it_no_page_says_that_it_goes_on(pages_of, tmp_path, monkeypatch, trained):
    pages = pages_of()
    monkeypatch.setattr(training_pages, "TrainingPages", lambda *_: pages)
    with pytest.raises(UserError), training_pages.training_pages({}, tmp_path, True):
        for name in trained:
            pages.begin(name), pages.trained(name, 1.0)
        if len(trained) < 3:
            pages.begin("appearance")
        raise UserError("the disk is full")
    page, doing = read_page(tmp_path)
    assert refreshes(page) == [] and "ended" in page.text and "the disk is full" in page.text
    if len(trained) < 3:
        assert doing[1] == "is stopped" and pages._pages["appearance"].ends[-1].word == "Stopped"


def test_the_report_of_an_evaluated_detector_stays_until_it_is_evaluated_again(pages_of, tmp_path):
    (tmp_path / "results.json").write_text("{}")
    (tmp_path / "report.html").write_text("evaluated")
    pages = pages_of()
    pages.begin("motion"), pages.trained("motion", 1.0), pages.end()
    assert (tmp_path / "report.html").read_text() == "evaluated"
