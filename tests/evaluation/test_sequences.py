"""A whole evaluation of a tiny run, and a file with the same sequences: the same scores."""

import csv
import json
import shutil

import numpy as np
import pytest
import sklearn.metrics

from tests.score_columns import BASELINE_NAMES, DISTRIBUTION_SCORES
from tests.scoring.scored_file import score_file
from vpn_anomaly import config as configuration
from vpn_anomaly.data.lattice import fixed_shifts, shown
from vpn_anomaly.data.pipeline import clips_at, evaluation_clips
from vpn_anomaly.evaluation import sequences
from vpn_anomaly.evaluation_run import evaluate
from vpn_anomaly.scoring.clip_calibration import clip_calibration
from vpn_anomaly.scoring.clip_scorer import build_scorer
from vpn_anomaly.scoring.sequence_scores import build_score_settings
from vpn_anomaly.scoring.trained_model import trained_export, trained_run
from vpn_anomaly.storage import exported_weights, named_arrays

COLUMNS = (*DISTRIBUTION_SCORES, "any")
KINDS = ("temporal", "spatial", "both", "mixed")
COUNT, LAST, SIDE = 5, 7, 32


def clips_of(tiny_run, kind):
    return evaluation_clips(tiny_run.source, "test", COUNT, kind)


def scored_file(tiny_run, folder, clip, name="scores.csv", maps=None, **fields):
    """Scores clips by way of a file; returns its rows, as text from a CSV."""
    config = tiny_run.config.copy_and_resolve_references()
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in fields.items()})
    np.save(folder / "clips.npy", clip)
    trained = trained_run(config, tiny_run.directory)
    settings = build_score_settings(config)
    score_file(trained, trained.scorer(config), settings, folder / "clips.npy", folder / name, maps)
    with open(folder / name, encoding="utf-8", newline="") as file:
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file))


def test_results_have_the_agreed_layout(evaluated, tiny_run):
    stored = json.loads((evaluated.folder / "results.json").read_text(encoding="utf-8"))
    assert set(stored) == {
        "corruptions",
        "maps",
        "nats_per_frame",
        "sequences_seen",
        "steps",
        "parameters",
        "step_flops",
        "wall_seconds",
        "commit",
        "config",
        "hardware",
        "software",
    }
    assert tuple(stored["corruptions"]) == KINDS == tuple(stored["maps"])
    for by_score in stored["corruptions"].values():
        assert tuple(by_score) == (*COLUMNS, "any_with_residual", *BASELINE_NAMES)
        for name in COLUMNS:
            assert set(by_score[name]) == {
                "break_even_accuracy",
                "auroc",
                "average_precision",
                "equal_error_rate",
                "calibrated",
                "ci95",
            }
            assert set(by_score[name]["calibrated"]) == {
                "false_alarm_rate",
                "accuracy",
                "precision",
                "recall",
            }
        assert by_score["constant"]["auroc"] == 0.5
    for by_map in stored["maps"].values():
        assert set(by_map) == {"nll", "tail", "missing", "intruding"}
    assert (stored["steps"], stored["sequences_seen"]) == (tiny_run.step, 8)
    assert 100 < stored["wall_seconds"] < 400
    assert not configuration.differences(stored["config"], tiny_run.config)


def test_the_first_sequence_chooses_which_are_scored(tiny_run):
    """From number 5 on, the normal ones are those that were corrupted when the first was number 0."""
    trained = trained_run(tiny_run.config, tiny_run.directory)
    scorer = trained.scorer(tiny_run.config)
    calibration = clip_calibration(trained, scorer, tiny_run.source, 6)
    settings = sequences.SequenceSettings(COUNT, COUNT, ("temporal", "spatial", "mixed"), 0.05, 2)
    scored = sequences.score_test_set(scorer, tiny_run.source, calibration, settings)
    got = sequences.evaluate(scored, tiny_run.source, calibration, settings).score_arrays()
    for group, index in (("normal", range(5, 10)), ("temporal", range(10, 15)), ("mixed", range(10, 15))):
        clips = clips_at(tiny_run.source, "test", index, None if group == "normal" else group).clip
        np.testing.assert_allclose(
            got[f"{group}/mean_nll"], scorer.scores(clips, LAST)["mean_nll"], rtol=1e-5
        )


def test_metrics_are_those_of_the_stored_scores(results, scores):
    label = np.repeat([0, 1], COUNT)
    for kind in KINDS:
        for name in (*COLUMNS, *BASELINE_NAMES):
            both = np.concatenate([scores[f"normal/{name}"], scores[f"{kind}/{name}"]])
            expected = sklearn.metrics.roc_auc_score(label, both)
            assert results["corruptions"][kind][name]["auroc"] == pytest.approx(expected)


def test_frame_differences_are_those_of_the_clips(scores, tiny_run):
    for kind, group in ((None, "normal"), ("temporal", "temporal"), ("mixed", "mixed")):
        last_two = clips_of(tiny_run, kind).clip[:, -2:].astype(int)
        expected = np.abs(last_two[:, 1] - last_two[:, 0]).mean((1, 2, 3))
        np.testing.assert_allclose(scores[f"{group}/frame_difference"], expected)


@pytest.mark.parametrize("kind", [None, "temporal", "mixed"])
def test_a_file_scores_like_the_evaluation(scores, tiny_run, tmp_path, kind):
    """Mixed too, whose scores evaluation takes from temporal and spatial ones."""
    rows = scored_file(tiny_run, tmp_path, clips_of(tiny_run, kind).clip)
    assert tuple(rows[0]) == ("sequence", "frame", *COLUMNS)
    assert [(row["sequence"], row["frame"]) for row in rows] == [
        (str(sequence), str(LAST)) for sequence in range(COUNT)
    ]
    for name in COLUMNS:
        from_file = [float(row[name]) for row in rows]
        expected = scores[f"{kind or 'normal'}/{name}"]
        np.testing.assert_allclose(from_file, expected, rtol=1e-5, atol=1e-5)


def test_maps_of_a_file_give_the_pixel_auroc_and_the_nats(results, tiny_run, tmp_path):
    path = tmp_path / "maps.npz"
    arrays = {}
    for kind in (None, "both"):
        scored_file(tiny_run, tmp_path, clips_of(tiny_run, kind).clip, maps=path)
        with np.load(path) as stored:
            arrays[kind] = {name: stored[name] for name in stored.files}
    assert set(arrays["both"]) == {"nll", "tail", "missing", "intruding", "shown"}
    shift_Mx2 = fixed_shifts(tiny_run.config.score.masks, (4, 5))
    np.testing.assert_array_equal(arrays["both"]["shown"], shown(SIDE, SIDE, shift_Mx2, (4, 5)))
    changed = clips_of(tiny_run, "both").changed
    for name in ("nll", "tail", "missing", "intruding"):
        map_NxHxW = arrays["both"][name]
        assert map_NxHxW.shape == (COUNT, SIDE, SIDE)
        expected = sklearn.metrics.roc_auc_score(changed.ravel(), map_NxHxW.ravel())
        assert results["maps"]["both"][name]["pixel_auroc"] == pytest.approx(expected, abs=1e-6)
    nats = arrays[None]["nll"].sum((1, 2)).mean()
    assert results["nats_per_frame"] == pytest.approx(nats, rel=1e-5)


def test_every_frame_as_jsonl(scores, tiny_run, tmp_path):
    clip = clips_of(tiny_run, None).clip[:3]
    fields = {"score__every_frame": True}
    rows = scored_file(tiny_run, tmp_path, clip, "scores.jsonl", tmp_path / "m.npz", **fields)
    frames = range(3, LAST + 1)
    assert [(row["sequence"], row["frame"]) for row in rows] == [
        (sequence, frame) for sequence in range(3) for frame in frames
    ]
    last = [row["tail_mean"] for row in rows if row["frame"] == LAST]
    np.testing.assert_allclose(last, scores["normal/tail_mean"][:3], rtol=1e-5)
    scorer = build_scorer(tiny_run.config, tiny_run.system, tiny_run.params)
    batches = scorer.batches(clip, tuple(frames))
    in_order = [maps.value["tail"].reshape(-1, SIDE, SIDE) for _, maps in batches]
    with np.load(tmp_path / "m.npz") as maps:
        np.testing.assert_array_equal(maps["tail"], np.concatenate(in_order))


def test_an_export_is_evaluated_like_the_run(tiny_run, evaluated, tmp_path):
    export = tmp_path / "weights"
    export.mkdir()
    shutil.copy(tiny_run.directory / "checkpoints" / "calibration.npz", export)
    about = {
        "config": configuration.as_dict(tiny_run.config),
        "step": tiny_run.step,
        "sequences_seen": evaluated.results["sequences_seen"],
        "wall_seconds": 100.0,
    }
    exported_weights.write(export, named_arrays.host_arrays(tiny_run.params), about)
    trained = trained_export(tiny_run.config, export).keeping_in(tmp_path / "export")
    made, expected = evaluate(tiny_run.config, trained, tmp_path), dict(evaluated.results)
    for results in (made, expected):
        assert results.pop("wall_seconds") > 100
    assert made == expected
    with np.load(evaluated.folder / "scores.npz") as run, np.load(tmp_path / "scores.npz") as new:
        assert set(run) == set(new)
        for name in run:
            np.testing.assert_array_equal(run[name], new[name])
    assert not (tmp_path / "export" / "calibration.npz").exists()
