"""What commands do with a folder of trained members: random parameters stand for trained ones."""

import csv
import json

import numpy as np
import pytest

from tests import tiny
from tests.data.video_files import write_video
from tests.detector.conftest import MEMBERS
from tests.watching.conftest import footage
from vpn_anomaly import members
from vpn_anomaly.command_line import parse
from vpn_anomaly.detector import loading
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.scoring.trained_member import TrainedMember, training_records
from vpn_anomaly.storage import workdir
from vpn_anomaly.training import describe


def load(stored, *flags):
    return loading.load(parse([*stored.flags, "--mode=watch", "--input=x.mkv", *flags]))


def test_every_member_is_loaded_with_its_part(stored):
    config, loaded = load(stored, "--config.detector.motion.share=6", "--config.detector.appearance.every=4")
    assert config.detector.members == MEMBERS
    assert [(one.name, one.share, one.every) for one in loaded] == [
        ("motion", 0.75, 1),
        ("appearance", 0.25, 4),
    ]
    for one in loaded:
        assert one.config.system == stored.runs[one.name].config.system
        np.testing.assert_array_equal(
            *(
                tiny.jax.tree.leaves(params)[0]
                for params in (one.trained.params, stored.runs[one.name].params)
            )
        )


def test_some_of_the_members_suffice_to_watch_with(stored):
    _, (member,) = load(stored, "--config.detector.members=appearance")
    assert (member.name, member.share) == ("appearance", 1.0)


def test_all_members_watch_one_source(stored, tmp_path, capsys):
    source = write_video(tmp_path / "film.mkv", footage(12, seed=1))
    outputs = [f"--scores={tmp_path}/s.csv", f"--report={tmp_path}/r.html"]
    flags = ["--mode=watch", f"--input={source}", "--config.detector.appearance.every=5", *outputs]
    assert main([*stored.flags, *flags]) == 0
    rows = list(csv.DictReader((tmp_path / "s.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == 12 and {"tail_mean", "appearance.detail_excess", "any"} <= rows[0].keys()
    looks = len({row["appearance.detail_excess"] for row in rows})
    assert looks == 3 and rows[0]["tail_mean"] == "" and rows[-1]["any"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "it looks at one of 5 frames" in page and "Member motion" in page
    printed = capsys.readouterr().out
    lines = {name: (f"{name}: threshold: p ≤ ", f"member {name} raises no alarms") for name in MEMBERS}
    assert all(any(line in printed for line in lines[name]) for name in MEMBERS)


def test_without_members_there_is_one_without_a_name(stored):
    flags = ["--config.detector.members=()", f"--workdir={stored.directory}/motion"]
    config, (member,) = load(stored, *flags)
    assert (member.name, member.share, member.every, member.prefix) == ("", 1.0, 1, "")
    assert member.config is config and config.system == "inpainting"


def test_what_results_say_of_the_training(stored):
    _, loaded = load(stored)
    records = training_records(loaded, {"motion": 7.0})
    assert [one["training_seconds"] for one in records.values()] == [7.0, 100.0]
    assert [one["steps"] for one in records.values()] == [tiny.STEP] * 2
    assert records["appearance"]["parameters"] == sum(
        leaf.size for leaf in tiny.jax.tree.leaves(stored.runs["appearance"].params)
    )


def test_a_file_of_sequences_is_scored_by_the_motion_member(stored, tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (2, tiny.FRAMES, 16, 16), np.uint8)
    np.save(tmp_path / "clips.npy", frames)
    flags = ["--mode=score", f"--input={tmp_path}/clips.npy", "--config.evaluate.calibration_sequences=2"]
    found = []
    for workdir_flag, more in (
        (f"--workdir={stored.directory}", []),
        (f"--workdir={stored.directory}/motion", ["--config.detector.members=()"]),
    ):
        output = tmp_path / f"{len(found)}.csv"
        stored_flags = [stored.flags[0], workdir_flag, *more]
        assert main([*stored_flags, *flags, f"--output={output}"]) == 0
        found.append(list(csv.DictReader(output.open(encoding="utf-8", newline=""))))
    assert found[0] == found[1] and len(found[0]) == 2


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--config.detector.members=normality"], "normality"),
        (["--config.detector.members=()"], """set --config.detector.members="('motion', 'appearance')" or"""),
        (["--config.detector.appearance.train.steps=9"], "detector.appearance.train.steps 4 there and 9"),
        (["--config.train.steps=9"], "train.steps 4 there and 9 here; use another --workdir"),
    ],
)
def test_other_members_and_settings_never_continue_with_old_weights(stored, capsys, flags, words):
    assert main([*stored.flags, *flags, "--mode=watch", "--input=x.mkv"]) == 2
    assert words in capsys.readouterr().err


def test_a_member_that_is_not_trained_yet(stored, tmp_path):
    workdir.open_run(tmp_path / "run", stored.config)
    tiny.stored_run(tmp_path / "run/motion", members.member_config(stored.config, "motion"))
    flags = [stored.flags[0], f"--workdir={tmp_path}/run", "--mode=watch", "--input=x.mkv"]
    with pytest.raises(UserError, match="member appearance in .* is not trained yet; go on with the same"):
        loading.load(parse(flags))
    loading.load(parse([*flags, "--config.detector.members=motion"]))


def test_a_detector_without_motion_scores_no_sequences(stored, tmp_path, capsys):
    np.save(tmp_path / "clips.npy", np.zeros((1, tiny.FRAMES, 16, 16), np.uint8))
    flags = ["--mode=score", f"--input={tmp_path}/clips.npy", f"--output={tmp_path}/s.csv"]
    assert main([*stored.flags, *flags, "--config.detector.members=appearance"]) == 2
    assert "scored by member motion" in capsys.readouterr().err


def test_a_run_from_before_there_were_members_goes_on_without(stored, tmp_path, capsys):
    config = members.member_config(stored.config, "motion")
    tiny.stored_run(tmp_path / "run", config)
    path = tmp_path / "run/config.json"
    before = json.loads(path.read_text())
    del before["detector"]
    path.write_text(json.dumps(before))
    flags = [stored.flags[0], f"--workdir={tmp_path}/run", "--mode=watch", "--input=x.mkv"]
    assert main(flags) == 2
    said = capsys.readouterr().err
    assert 'set --config.detector.members="()" or use another --workdir' in said and said.count("\n") == 1
    _, (member,) = loading.load(parse([*flags, "--config.detector.members=()"]))
    assert isinstance(member, TrainedMember) and member.name == ""


def test_describe_shows_every_member(stored, capsys, monkeypatch):
    monkeypatch.setattr(describe, "memory", lambda *given: "")  # it compiles
    assert main([*stored.flags, "--mode=describe"]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("member ")] == [
        "member motion, what moves wrongly",
        "member appearance, what looks wrong, in single frames",
    ]
    assert printed.count("One training step:") == 2
