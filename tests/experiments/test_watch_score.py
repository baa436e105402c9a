"""What is found and what is not, on truths and events made by hand."""

import json

import numpy as np
import pytest
import sklearn.metrics

from experiments import watch_score
from experiments.synthetic import conveyor

TRUTH = {
    "frames": 200,
    "rate": 10,
    "defects": [
        {"kind": "scratch", "first": 50, "end": 60},
        {"kind": "scratch", "first": 100, "end": 110},
        {"kind": "belt_stopped", "first": 150, "end": 160},
    ],
}


def event(start, end):
    return {"start_frame": start, "end_frame": end}


def test_an_event_finds_what_it_overlaps_or_just_follows():
    events = [event(59, 62), event(165, 166), event(120, 121), event(10, 12), event(40, 49)]
    result = watch_score.compare(TRUTH, {}, events)
    assert result["defects"] == {"scratch": {"found": 1, "of": 2}, "belt_stopped": {"found": 1, "of": 1}}
    assert result["false_alarms"] == 3
    assert result["normal_minutes"] == pytest.approx((200 - 30 - 30) / 10 / 60)


def test_the_auroc_is_that_of_normal_and_anomalous_frames():
    score_T = np.random.default_rng(0).normal(size=200)
    score_T[:5] = np.nan
    result = watch_score.compare(TRUTH, {"score": score_T}, [])
    label = np.zeros(200)
    for first in (50, 100, 150):
        label[first : first + 10], label[first + 10 : first + 20] = 1, -1
    kept = (label >= 0) & np.isfinite(score_T)
    expected = sklearn.metrics.roc_auc_score(label[kept], score_T[kept])
    assert result["auroc"]["score"] == pytest.approx(expected)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    assert (
        conveyor.main(
            [
                f"--output={folder}",
                "--minutes=0.1",
                "--test_minutes=1",
                "--defects=2",
                "--height=48",
                "--width=64",
                "--rate=5",
            ]
        )
        == 0
    )
    return folder


def test_files_are_read_and_compared(world, tmp_path, capsys):
    truth = json.loads((world / "truth.json").read_text())
    first = truth["defects"][0]["first"]
    (tmp_path / "s.csv").write_text(
        "source,frame,time,mean_nll,p_motion\nx,0,0.0,,\n"
        + "".join(f"x,{frame},0,{float(frame == first)},0.5\n" for frame in range(1, truth["frames"]))
    )
    record = {"source": "x", "event": 0, "start_frame": first}
    (tmp_path / "e.jsonl").write_text(
        "".join(json.dumps({**record, "end_frame": end}) + "\n" for end in (first, first + 1))
    )
    arguments = [f"--world={world}", f"--scores={tmp_path}/s.csv", f"--events={tmp_path}/e.jsonl"]
    assert watch_score.main([*arguments, f"--output={tmp_path}/out.json"]) == 0
    result = json.loads((tmp_path / "out.json").read_text())
    assert sum(one["found"] for one in result["defects"].values()) == 1
    assert result["false_alarms"] == 0
    assert set(result["auroc"]) == {"mean_nll", "least_p", "frame_difference", "motion_compensated_residual"}
    assert "frame AUROC" in capsys.readouterr().out


def test_two_models_together(world, tmp_path):
    truth = json.loads((world / "truth.json").read_text())
    firsts = [defect["first"] for defect in truth["defects"]]
    for name, first in zip("ab", firsts):
        (tmp_path / f"{name}.csv").write_text(
            "source,frame,time,mean_nll,p_motion\n"
            + "".join(
                f"x,{frame},0,1.0,{0.001 if frame == first else 0.5}\n" for frame in range(truth["frames"])
            )
        )
        (tmp_path / f"{name}.jsonl").write_text(
            json.dumps({"source": "x", "event": 0, "start_frame": first, "end_frame": first + 1})
        )
    both = lambda ending: [str(tmp_path / f"{name}.{ending}") for name in "ab"]
    assert (
        watch_score.main(
            [
                f"--world={world}",
                "--scores",
                *both("csv"),
                "--events",
                *both("jsonl"),
                f"--output={tmp_path}/out.json",
            ]
        )
        == 0
    )
    result = json.loads((tmp_path / "out.json").read_text())
    assert sum(one["found"] for one in result["defects"].values()) == 2
    assert {"a/mean_nll", "b/mean_nll", "least_p"} <= set(result["auroc"])
    label_T = watch_score.frame_labels(truth)
    score_T = np.isin(np.arange(truth["frames"]), firsts)
    expected = sklearn.metrics.roc_auc_score(label_T[label_T >= 0], score_T[label_T >= 0])
    assert result["auroc"]["least_p"] == pytest.approx(expected)


def test_the_members_of_a_detector_are_told_apart(world, tmp_path, capsys):
    truth = json.loads((world / "truth.json").read_text())
    first, second = (defect["first"] for defect in truth["defects"])
    columns = "mean_nll,appearance.missing_z,any,p_motion,p_appearance.missing"
    values = lambda frame: f",2.0,0.5,1.0,,{0.01 if frame == first else 0.5}"
    (tmp_path / "s.csv").write_text(
        f"source,frame,time,{columns}\n"
        + "".join(f"x,{frame},0{values(frame)}\n" for frame in range(truth["frames"]))
    )
    spans = [("motion", first), ("motion", second), ("appearance", first)]
    normal = int(np.flatnonzero(watch_score.frame_labels(truth) == 0)[0])
    records = [
        {
            "source": "x",
            "event": number,
            "kind": "missing",
            "member": member,
            "start_frame": start,
            "end_frame": start,
        }
        for number, (member, start) in enumerate([*spans, ("appearance", normal)])
    ]
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    arguments = [f"--world={world}", f"--scores={tmp_path}/s.csv", f"--events={tmp_path}/e.jsonl"]
    assert watch_score.main([*arguments, f"--output={tmp_path}/out.json"]) == 0
    result = json.loads((tmp_path / "out.json").read_text())
    assert {"mean_nll", "appearance.missing_z", "any", "least_p"} <= set(result["auroc"])
    assert result["auroc"]["any"] == 0.5 < result["auroc"]["least_p"]
    found = {
        name: (sum(kind["found"] for kind in of["defects"].values()), of["false_alarms"])
        for name, of in result["members"].items()
    }
    assert found == {"motion": (2, 0), "appearance": (1, 1)}
    assert sum(kind["found"] for kind in result["defects"].values()) == 2 and result["false_alarms"] == 1
    assert "member appearance: 1 found, 1 false alarms" in capsys.readouterr().out


def test_where_there_is_no_p_value_there_is_no_score():
    p = np.array([np.nan, np.nan, 0.0])
    score_T = watch_score.combined({"a": {"p_missing": p, "p_motion": np.array([np.nan, 0.1, 0.2])}})
    np.testing.assert_allclose(score_T["least_p"], [np.nan, -np.log(0.1), -np.log(np.finfo(float).tiny)])


@pytest.mark.parametrize(
    "name, said", [("world", "truth.json"), ("scores", "cannot be opened"), ("events", "cannot be opened")]
)
def test_a_missing_file_is_one_line(world, tmp_path, capsys, name, said):
    (tmp_path / "s.csv").write_text("source,frame,time,mean_nll\nx,0,0.0,\n")
    (tmp_path / "e.jsonl").write_text("")
    files = {
        "world": world,
        "scores": tmp_path / "s.csv",
        "events": tmp_path / "e.jsonl",
        name: tmp_path / "nothing",
    }
    assert watch_score.main([f"--{flag}={path}" for flag, path in files.items()]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and said in err and err.count("\n") == 1
