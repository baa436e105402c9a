"""A detector from the command line: one command trains and evaluates all members, another shows the results."""

import json

from tests.detector.conftest import MEMBERS
from tests.report.html_reader import read
from vpn_anomaly.main import main
from vpn_anomaly.storage import checkpoints


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
    assert main(finished.flags) == 0
    printed = capsys.readouterr().out
    assert "is finished; its results:" in printed and printed.count("break-even accuracy") == 2
