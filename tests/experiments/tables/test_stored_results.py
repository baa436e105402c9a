"""Reading a sweep's files: what is refused, and with which line."""

import json

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from experiments.sweeps.definition import Definition
from experiments.sweeps.table_settings import table_settings
from experiments.tables.stored_results import check_same_sequences, missing_seeds, read_runs
from vpn_anomaly.errors import UserError


def definition(rows=("ours", "vpn"), seeds=(0, 1)):
    scores, runs = ("mean_nll", "constant"), dict.fromkeys(rows, {})
    settings = table_settings({"BASELINES": ("constant",)}, runs, scores)
    return Definition("small", "configs/quick.py", {}, runs, seeds, scores, settings)


@pytest.fixture
def places(tmp_path, write_run):
    """The .json of every run of the definition."""
    return {
        (row, seed): write_run(tmp_path / "small", row, seed, {"mean_nll": 2})
        for row in ("ours", "vpn")
        for seed in (0, 1)
    }


def refused(call, *parts):
    with pytest.raises(UserError) as error:
        call()
    assert "\n" not in str(error.value) and all(part in str(error.value) for part in parts), error.value


def replace(place, **arrays):
    """Changes arrays of a run's .npz."""
    with np.load(place.with_suffix(".npz")) as stored:
        np.savez(place.with_suffix(".npz"), **{**stored, **arrays})


def test_runs_are_read_by_row_and_seed(tmp_path, places):
    runs = read_runs(definition(), tmp_path)
    seeds = {row: [run.seed for run in found] for row, found in runs.items()}
    assert seeds == {"ours": [0, 1], "vpn": [0, 1]}
    assert missing_seeds(definition(), runs) == {}
    run = runs["ours"][1]
    normal, others = run.pair("spatial", "mean_nll")
    precision, recall, _ = precision_recall_curve(np.repeat([0, 1], 60), np.concatenate([normal, others]))
    # As many sequences of both kinds: where precision and recall are equal, so is the accuracy.
    assert run.accuracy("spatial", "mean_nll") == pytest.approx(precision[precision == recall][0])
    assert run.has("both", "constant") and not run.has("both", "any")


def test_a_run_is_finished_when_its_json_is_there(tmp_path, places):
    places["vpn", 0].unlink()
    for seed in (0, 1):
        places["ours", seed].unlink()
        places["ours", seed].with_suffix(".npz").unlink()
    runs = read_runs(definition(), tmp_path)
    assert missing_seeds(definition(), runs) == {"ours": [0, 1], "vpn": [0]}


def test_a_stale_pair_is_refused(tmp_path, places):
    other = places["ours", 1].with_suffix(".npz").read_bytes()
    places["ours", 0].with_suffix(".npz").write_bytes(other)
    run = read_runs(definition(), tmp_path)["ours"][0]
    refused(
        lambda: [run.accuracy(kind, "mean_nll") for kind in ("both", "temporal", "spatial", "mixed")],
        "ours/seed0.json",
        "not of one run",
    )


@pytest.mark.parametrize("step, same", [(5e-7, True), (2e-6, False)])
def test_the_pair_may_differ_by_a_millionth(tmp_path, places, step, same):
    place = places["ours", 0]
    results = json.loads(place.read_text())
    results["corruptions"]["both"]["mean_nll"]["break_even_accuracy"] += step
    place.write_text(json.dumps(results))
    run = read_runs(definition(), tmp_path)["ours"][0]
    if same:
        assert 0.5 < run.accuracy("both", "mean_nll") < 1
    else:
        refused(lambda: run.accuracy("both", "mean_nll"), "both/mean_nll")


def test_a_score_that_is_no_number_has_no_accuracy(tmp_path, places):
    place = places["ours", 0]
    results = json.loads(place.read_text())
    results["corruptions"]["both"]["mean_nll"]["break_even_accuracy"] = None
    place.write_text(json.dumps(results))
    replace(place, **{"both/mean_nll": np.full(60, np.nan, np.float32)})
    assert read_runs(definition(), tmp_path)["ours"][0].accuracy("both", "mean_nll") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"name": "ours", "seed": 0}',
        b'{"corruptions": {}, "steps": 1, "parameters": 1, "wall_seconds": 1, "config": []}',
    ],
)
def test_broken_json_is_refused(tmp_path, places, content):
    places["ours", 0].write_bytes(content)
    refused(lambda: read_runs(definition(), tmp_path), "ours/seed0.json", "broken")


def test_broken_scores_are_refused(tmp_path, places):
    scores = places["ours", 0].with_suffix(".npz")
    whole = scores.read_bytes()
    flipped = bytearray(whole)
    flipped[200] ^= 1  # in the first array, which its checksum tells
    for content in (b"", b"nonsense", whole[:-40], bytes(flipped)):
        scores.write_bytes(content)
        refused(lambda: read_runs(definition(), tmp_path), "ours/seed0.npz", "broken")
    scores.unlink()
    refused(lambda: read_runs(definition(), tmp_path), "ours/seed0.npz", "missing")


def test_a_file_in_the_wrong_place_is_refused(tmp_path, places):
    places["ours", 0].write_bytes(places["vpn", 1].read_bytes())
    refused(lambda: read_runs(definition(), tmp_path), "ours/seed0.json", "'vpn'", "1")


def test_runs_have_to_be_of_the_same_sequences(tmp_path, places, write_run):
    everything = lambda: [run for runs in read_runs(definition(), tmp_path).values() for run in runs]
    check_same_sequences(everything(), ("constant",))
    replace(places["vpn", 0], **{"both/constant": np.full(60, 0.1, np.float32)})
    refused(lambda: check_same_sequences(everything(), ("constant",)), "vpn/seed0.json", "both/constant")
    check_same_sequences(everything(), ())
    write_run(tmp_path / "small", "vpn", 0, {"mean_nll": 2}, count=50)
    refused(lambda: check_same_sequences(everything(), ("constant",)), "vpn/seed0.json", "numbers")
