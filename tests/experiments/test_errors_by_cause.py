"""Errors apart by hidden ink, against loops over pixels and sequences, and the program on a stored evaluation."""

import json

import numpy as np
import pytest

from experiments.errors_by_cause import INK, errors, ink_is_hidden, main
from tests.tiny import tiny_config
from vpn_anomaly import config as configuration
from vpn_anomaly.data.build import build_source
from vpn_anomaly.evaluation.metrics import break_even_accuracy

COUNT = 40


def test_ink_is_hidden_where_brighter_ink_of_another_digit_lies_over_it():
    source = build_source(tiny_config(data__height=40, data__width=40).data)
    index = np.arange(COUNT)
    glyphs, corner = source.scene(10228, "test", index)
    expected = []
    for sequence in index:
        canvas = np.zeros((2, 40, 40), int)
        for digit in range(2):
            row, column = corner[sequence, -2, digit]
            canvas[digit, row : row + 28, column : column + 28] = glyphs[sequence, digit, ..., 0]
        covered = [(canvas[one] >= INK) & (canvas[one] < canvas[1 - one]) for one in range(2)]
        expected.append(np.any(covered))
    np.testing.assert_array_equal(ink_is_hidden(source, "test", index), expected)
    assert 0 < np.mean(expected) < 1


def test_errors_are_counted_at_the_break_even_threshold():
    random = np.random.default_rng(0)
    normal, anomalous = random.normal(size=COUNT), random.normal(1, 1, COUNT)
    of_normal, of_anomalous = random.uniform(size=(2, COUNT)) < 0.4
    found = errors(normal, anomalous, of_normal, of_anomalous)
    declared = set(np.argsort(np.concatenate([normal, anomalous]))[-COUNT:])
    wrong = [place for place in range(COUNT) if of_normal[place] and place in declared]
    assert found["false_alarms_hidden"] == pytest.approx(len(wrong) / of_normal.sum())
    wrong = [place for place in range(COUNT) if not of_anomalous[place] and COUNT + place not in declared]
    assert found["misses_other"] == pytest.approx(len(wrong) / (~of_anomalous).sum())
    right = sum(place not in declared for place in range(COUNT)) + sum(place >= COUNT for place in declared)
    assert found["accuracy"] == pytest.approx(right / (2 * COUNT))
    assert found["hidden"] == of_normal.mean()


def stored(folder, first, better):
    """An evaluation with random scores, those of anomalous sequences higher by `better`."""
    config = tiny_config(evaluate__first_sequence=first, evaluate__sequences=COUNT)
    random, names = np.random.default_rng(1), ("mean_nll", "missing_z", "any", "motion_compensated_residual")
    scores = {f"normal/{name}": random.normal(size=COUNT) for name in names}
    for kind in config.evaluate.corruptions:
        scores |= {f"{kind}/{name}": random.normal(better, 1, COUNT) for name in names}
    accuracy = lambda kind, name: break_even_accuracy(scores[f"normal/{name}"], scores[f"{kind}/{name}"])
    corruptions = {
        kind: {name: {"break_even_accuracy": accuracy(kind, name)} for name in names}
        for kind in config.evaluate.corruptions
    }
    folder.mkdir()
    np.savez(folder / "scores.npz", **scores)
    results = {"config": configuration.as_dict(config), "corruptions": corruptions}
    (folder / "results.json").write_text(json.dumps(results))
    return str(folder)


def test_runs_are_compared_on_the_same_sequences_only(tmp_path, capsys):
    runs = [stored(tmp_path / name, first, 2.0) for name, first in (("new", 4), ("old", 4), ("elsewhere", 8))]
    output = tmp_path / "errors.json"
    assert main([*runs, f"--output={output}"]) == 0
    written = json.loads(output.read_text())
    assert set(written["errors"]) == set(runs) and runs[0] in capsys.readouterr().out
    mixed = written["differences"]["mixed"]
    assert mixed["score"] == "any" and f"minus {runs[2]}" not in mixed
    old = mixed[f"minus {runs[1]}"]
    assert old["difference"] == 0 and old["interval"] == [0, 0]
    low, high = mixed["minus motion_compensated_residual"]["interval"]
    assert low <= mixed["minus motion_compensated_residual"]["difference"] <= high


def test_what_was_not_evaluated_is_named_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "has no results.json" in capsys.readouterr().err
    assert main([stored(tmp_path / "run", 0, 1.0), "--score=best"]) == 2
    assert "--score=best" in capsys.readouterr().err
