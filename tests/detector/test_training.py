"""A detector from the command line: one command trains and evaluates all members, another shows the results."""

import json
import re

import pytest

from tests.detector.conftest import MEMBERS
from tests.report.html_reader import read
from tests.report.training_page_reader import refreshes
from vpn_anomaly.main import main
from vpn_anomaly.storage import checkpoint_reading, checkpoints, workdir_lock


def arrays(directory, name, step):
    """The checksums of a member's arrays at a step."""
    return checkpoint_reading.read_record(directory / name / "checkpoints" / str(step))["arrays"]


def logged_steps(directory, name):
    lines = (directory / name / "train.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.mark.slow
def test_one_command_trains_and_evaluates_every_member(finished, capsys):
    steps = {name: checkpoints.saved_steps(finished.directory / name / "checkpoints") for name in MEMBERS}
    assert {name: of[-1] for name, of in steps.items()} == {"motion": 2, "appearance": 3}
    results = json.loads((finished.directory / "results.json").read_text())
    for name in MEMBERS:
        of_member = json.loads((finished.directory / name / "results.json").read_text())
        assert results["members"][name]["corruptions"] == of_member["corruptions"]
        assert results["members"][name]["training_seconds"] > 0
    page = read((finished.directory / "report.html").read_text())
    links = [link.attributes["href"] for link in page.one(id="member-table").all("a")]
    assert links == [f"{name}/report.html" for name in MEMBERS]
    assert all((finished.directory / link).is_file() for link in links)
    for report in ("report.html", *links):  # none is one of those that were written while it trained
        page = read((finished.directory / report).read_text())
        assert refreshes(page) == [] and "Train" not in page.all("title")[0].text
    assert main(finished.flags) == 0
    printed = capsys.readouterr().out
    assert "is finished; its results:" in printed and printed.count("break-even accuracy") == 2


@pytest.mark.slow
def test_a_kill_while_a_member_trains_is_resumed_there(detector, finished, tmp_path, monkeypatch, capsys):
    flags, save = [*detector.flags, f"--workdir={tmp_path}/run", "--mode=train"], checkpoints.save

    def save_and_die(folder, step, *rest):
        save(folder, step, *rest)
        if "appearance" in folder.parts and step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", save_and_die)
        assert main(flags) == 130
    assert checkpoints.saved_steps(tmp_path / "run/appearance/checkpoints") == [2]
    assert "member motion is trained" in capsys.readouterr().out
    assert main(flags) == 0
    assert logged_steps(tmp_path / "run", "motion") == [1, 2]
    assert logged_steps(tmp_path / "run", "appearance") == [1, 2, 3]
    for name, step in zip(MEMBERS, (2, 3)):
        assert arrays(tmp_path / "run", name, step) == arrays(finished.directory, name, step)


@pytest.mark.parametrize(
    "fields, words",
    [
        (["detector.appearance.data.height=48"], "member appearance: .*48"),
        (["detector.appearance.train.targets=3"], "member appearance: train.targets"),
        (["train.optimizer=hope"], "member motion: .*hope"),
        (["detector.motion.every=150"], "member motion: the normal footage is too short to calibrate with"),
        (["detector.members=('motion', 'motion')"], "names a member twice"),
        (["system=vpn"], "member motion: system vpn does not take frames one by one"),
        (["detector.appearance.train.start_from=pretrained"], "weights of system inpainting"),
    ],
)
def test_what_cannot_work_for_a_member_is_refused_before_any_is_trained(
    detector, tmp_path, capfd, fields, words
):
    flags = [f"--config.{field}" for field in fields]
    assert main([*detector.flags, *flags, f"--workdir={tmp_path}/run"]) == 2
    (line,) = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("decoding ")]
    assert line.startswith("error: ") and re.search(words, line)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("folder", ["run", "run/appearance"])
def test_one_program_at_a_time_in_a_detector_and_in_each_member(detector, tmp_path, capsys, folder):
    with workdir_lock.held(tmp_path / folder):
        assert main([*detector.flags, f"--workdir={tmp_path}/run"]) == 2
    assert f"{tmp_path}/{folder} is in use by another program" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_folder_of_other_things_is_no_member(detector, tmp_path, capfd):
    (tmp_path / "run/motion").mkdir(parents=True)
    (tmp_path / "run/motion/film.txt").touch()
    assert main([*detector.flags, f"--workdir={tmp_path}/run"]) == 2
    assert "run/motion is not empty and holds no run (there is 'film.txt')" in capfd.readouterr().err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["motion"]
