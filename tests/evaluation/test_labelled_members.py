"""Two members on a labelled set: the scores of each beside each other, and one score of both."""

import csv
import dataclasses
import json
import math
import re
import types

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.labelled_sets import FRAMES, HEIGHT, WIDTH, labelled_run, write_set
from tests.report.html_reader import read_alone
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation_run import evaluate, evaluate_labelled_set
from vpn_anomaly.report.results_table import results_table
from vpn_anomaly.scoring.trained_member import TrainedMember

SMALL = 16  # the greatest height of the frames of the second member
SHARES = {"motion": 0.75, "appearance": 0.25}
EVERY = 2


def frames_of(directory):
    with (directory / "frames.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows, name):
    return np.array([float(row[name] or "nan") for row in rows])


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """results, rows and page of two members together; rows of each alone; the members."""
    folder = tmp_path_factory.mktemp("labelled")
    write_set("ucsd", folder / "set")
    run = labelled_run(folder, "ucsd", folder / "set")
    members, alone = [], {}
    for name, share in SHARES.items():
        config = run.config.copy_and_resolve_references()
        config.data.video.height = 0 if name == "motion" else SMALL
        (directory := folder / name).mkdir()
        trained = dataclasses.replace(run.trained, calibrations=(directory,), new_calibration=directory)
        members.append(TrainedMember(name, config, trained, share, 1 if name == "motion" else EVERY))
        results = evaluate(config, trained, directory)
        alone[name] = types.SimpleNamespace(results=results, rows=frames_of(directory))
    (directory := folder / "both").mkdir()
    backwards = evaluate_labelled_set(run.config, members[::-1], directory)
    results = evaluate_labelled_set(run.config, members, directory, {"motion": 7.0})
    page = read_alone((directory / "report.html").read_text(encoding="utf-8"))
    return types.SimpleNamespace(
        results=results, rows=frames_of(directory), page=page, alone=alone, members=members, run=run,
        directory=directory, backwards=backwards,
    )  # fmt: skip


def test_a_member_that_looks_at_every_frame_has_the_columns_that_it_has_alone(evaluated):
    for row, alone in zip(evaluated.rows, evaluated.alone["motion"].rows, strict=True):
        assert {name: row[name] for name in alone if name != "any"} == {
            name: value for name, value in alone.items() if name != "any"
        }
    names = list(evaluated.rows[0])
    scores = names[names.index("label") + 1 : names.index("any")]
    assert scores == [
        *scores[: len(scores) // 2],
        *(f"appearance.{one}" for one in scores[: len(scores) // 2]),
    ]


def test_what_a_member_said_last_stands_in_the_csv(evaluated):
    for clip, count in zip(("Test001", "Test002", "Test003"), FRAMES, strict=True):
        rows = [row for row in evaluated.rows if row["clip"] == clip]
        score_T = column(rows, "appearance.tail_mean")
        first = evaluated.run.system.first_frame * EVERY
        assert np.isnan(score_T[:first]).all() and np.isfinite(score_T[first:]).all()
        assert len(np.unique(score_T[first:])) == math.ceil((count - first) / EVERY)
        for number in range(first + 1, count, EVERY):
            assert score_T[number] == score_T[number - 1]


def test_any_is_no_less_than_that_of_a_member_by_its_share_and_its_threshold_the_rate(evaluated):
    at, flagged, normal = evaluated.results["at_threshold"], 0, 0
    for row, alone in zip(evaluated.rows, evaluated.alone["motion"].rows, strict=True):
        any_score, of_motion = float(row["any"] or "nan"), float(alone["any"] or "nan")
        if math.isfinite(of_motion):
            assert any_score >= of_motion + math.log(SHARES["motion"]) - 1e-9
        normal += row["label"] == "0"
        flagged += row["label"] == "0" and any_score > -math.log(at["allowed"])
    # The first frames of a clip have the score of the first that has one.
    assert abs(at["false_alarm_rate"] * normal - flagged) <= 3 * evaluated.run.system.first_frame
    assert at["score"] == "any"


def test_figures_are_scikit_learns_of_the_csv(evaluated):
    label_N = column(evaluated.rows, "label")
    for name in ("any", "appearance.missing_z"):
        parts = []
        for clip in ("Test001", "Test002", "Test003"):
            score_T = column([row for row in evaluated.rows if row["clip"] == clip], name)
            first = np.flatnonzero(np.isfinite(score_T))[0]
            score_T[:first] = score_T[first]
            parts.append(score_T)
        expected = roc_auc_score(label_N, np.concatenate(parts))
        assert evaluated.results["scores"][name]["auroc_micro"] == pytest.approx(expected, abs=1e-9)


def test_pixels_are_told_at_the_size_of_each_member(evaluated):
    maps, alone = evaluated.results["maps"], evaluated.alone
    names = list(alone["motion"].results["maps"])
    assert list(maps) == [*names, *(f"appearance.{name}" for name in names)]
    assert {name: maps[name] for name in names} == alone["motion"].results["maps"]
    assert list(evaluated.backwards["maps"]) == [*(f"appearance.{name}" for name in names), *names]
    assert evaluated.backwards["maps"] == maps
    for name in names:
        assert 0 <= maps[f"appearance.{name}"]["pixel_auroc"] <= 1


def test_results_and_page_name_the_members(evaluated):
    results, text = evaluated.results, evaluated.page.text
    stored = json.loads((evaluated.directory / "results.json").read_text())
    assert stored["members"] == json.loads(json.dumps(results["members"]))
    assert [of["training_seconds"] for of in results["members"].values()] == [7.0, 100.0]
    assert results["wall_seconds"] > 107
    done = " ".join(results["done"])
    first = evaluated.run.system.first_frame
    assert f"member motion: the first {first} frames of a clip" in done
    assert f"member appearance: the first {first * EVERY} frames of a clip" in done
    assert f"member appearance: one of {EVERY} frames is looked at" in done
    assert "appearance.missing_z" in results_table(results)
    for words in ("member motion", "member appearance", "of the one whose score it is"):
        assert words in text
    cards = [card.text for card in evaluated.page.one(id="frames").all("article")]
    assert cards and all(re.search(r"any -?[\d.e+-]+, of member (motion|appearance)", card) for card in cards)
    for card in evaluated.page.one(id="frames").all("article"):
        picture = card.all("img")[0].attributes
        assert (int(picture["height"]), int(picture["width"])) == (HEIGHT, WIDTH)


def test_a_member_that_looks_too_rarely_for_a_clip_is_named(evaluated, tmp_path):
    rare = [evaluated.members[0], dataclasses.replace(evaluated.members[1], every=5)]
    with pytest.raises(UserError, match="member appearance: .*14 frames, but the first 15 of a clip"):
        evaluate_labelled_set(evaluated.run.config, rare, tmp_path)
