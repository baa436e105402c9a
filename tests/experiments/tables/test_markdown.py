"""The tables of a sweep against slow loops over its stored scores."""

import json

import numpy as np
import pytest

from vpn_anomaly.evaluation.bootstrap import resample_weights


def loop_accuracies(place, score, kind, weights=None):
    """Break-even accuracy in percent of every resample, by drawing the sequences one by one."""
    with np.load(place.with_suffix(".npz")) as arrays:
        pair = [arrays[f"{group}/{score}"] for group in ("normal", kind)]
    scores, anomalous = np.concatenate(pair), np.repeat([False, True], [len(one) for one in pair])
    found = []
    for times in np.ones((1, len(scores)), int) if weights is None else weights:
        label = np.repeat(anomalous, times)[np.argsort(-np.repeat(scores, times))]
        positives = label.sum()
        wrong = (~label[:positives]).sum() + label[positives:].sum()
        found.append(100 * (1 - wrong / len(label)))
    return np.array(found)


def test_accuracies_and_intervals_equal_loops(sweep):
    assert sweep() == 0
    main, weights = sweep.rows()[0], resample_weights(60, 60, 1000)
    assert list(main) == ["", "---", "ours (full)", "without attention", "autoencoder", "constant"]
    assert main[""] == ["paper", "both", "temporal", "spatial", "mixed"]
    assert [main[row][0] for row in list(main)[2:]] == ["**87.0**", "85.7", "–", "–"]
    for label, row, score in (
        ("ours (full)", "ours", "mean_nll"),
        ("autoencoder", "autoencoder", "frame_error"),
    ):
        places = [sweep.runs / row / f"seed{seed}.json" for seed in range(3)]
        for kind, cell in zip(("both", "temporal"), main[label][1:]):
            seeds = np.array([loop_accuracies(place, score, kind)[0] for place in places])
            resampled = np.mean([loop_accuracies(place, score, kind, weights) for place in places], axis=0)
            low, high = np.quantile(resampled, [0.025, 0.975])
            deviation = np.sqrt(np.sum((seeds - seeds.mean()) ** 2) / 2)
            expected = f"{seeds.mean():.1f} ±{deviation:.1f} [{low:.1f}, {high:.1f}]"
            assert cell.replace("*", "") == expected
    assert main["constant"][1:] == ["50.0 [50.0, 50.0]"] * 4


def test_the_best_of_every_column_is_bold(sweep):
    assert sweep() == 0
    main = sweep.rows()[0]
    for column in range(1, 5):
        cells = [main[row][column] for row in list(main)[2:]]
        values = [float(cell.replace("*", "").split()[0]) for cell in cells]
        assert [cell.startswith("**") for cell in cells] == [value == max(values) for value in values]


def test_declared_scores_stand_in_a_table_of_their_own(sweep):
    assert sweep() == 0
    main, declared = sweep.rows()[:2]
    assert declared[""] == ["both: `tail_mean`", "temporal", "spatial: `mean_nll`", "mixed"]
    assert list(declared)[2:] == ["ours (full)"]
    places = [sweep.runs / "ours" / f"seed{seed}.json" for seed in range(3)]
    mean = np.mean([loop_accuracies(place, "tail_mean", "both")[0] for place in places])
    assert declared["ours (full)"][0].startswith(f"**{mean:.1f}**")
    plain = lambda cell: cell.replace("*", "")
    assert list(map(plain, declared["ours (full)"][1:])) == list(map(plain, main["ours (full)"][2:]))


def test_a_declared_score_that_a_row_lacks_is_told_in_the_cell(sweep):
    text = sweep.definition.read_text().replace('"spatial": "mean_nll"', '"spatial": "frame_error"')
    sweep.definition.write_text(text)
    assert sweep() == 0
    assert sweep.rows()[1]["ours (full)"][2].endswith("] (`mean_nll`)")


def test_differences_are_paired(sweep):
    assert sweep() == 0
    differences, weights = sweep.rows()[2], resample_weights(60, 60, 1000)
    assert list(differences)[2:] == ["without attention", "autoencoder"]

    def over_seeds(row, score, weights=None):
        places = [sweep.runs / row / f"seed{seed}.json" for seed in range(3)]
        return np.mean([loop_accuracies(place, score, "both", weights) for place in places], axis=0)

    for label, row, score in (
        ("without attention", "without_attention", "mean_nll"),
        ("autoencoder", "autoencoder", "frame_error"),
    ):
        value = (over_seeds("ours", "mean_nll") - over_seeds(row, score))[0]
        resampled = over_seeds("ours", "mean_nll", weights) - over_seeds(row, score, weights)
        low, high = np.quantile(resampled, [0.025, 0.975])
        cells = [cell.replace("−", "-") for cell in differences[label]]
        ends = [float(end) for end in cells[1].strip("[]").split(",")]
        assert float(cells[0]) == pytest.approx(value, abs=0.051)
        assert ends == pytest.approx([low, high], abs=0.051)
        assert cells[2] == ("yes" if low > 0 or high < 0 else "no")


def test_costs(sweep, write_run):
    ours, autoencoder = {"mean_nll": 3, "tail_mean": 3.4}, {"frame_error": 0.8}
    gpu = {"platform": "gpu", "device": "Some GPU", "devices": 2, "cpu": "x", "cpu_cores": 9}
    write_run(sweep.runs, "ours", 1, ours, hardware=gpu, commit="fedcba9876", wall_seconds=9e3)
    place = write_run(sweep.runs, "autoencoder", 0, autoencoder, commit=None)
    results = json.loads(place.read_text())
    del results["step_flops"]
    place.write_text(json.dumps(results))
    assert sweep() == 0
    costs = sweep.rows()[3]
    assert costs["ours (full)"] == [
        "424,860",
        "1,500.0",
        "400 × 8",
        "0.003",
        "9.0",
        "Some CPU, 2 cores, 2 × Some GPU",
        "`0123456`, `fedcba9`",
    ]
    assert costs["autoencoder"][1] == "–, 1,500.0" and costs["autoencoder"][6] == "–, `0123456`"
