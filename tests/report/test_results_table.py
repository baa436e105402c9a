"""The text of results.json."""

from vpn_anomaly.report.results_table import results_table


def test_rows_are_scores_and_columns_corruptions():
    results = {
        "corruptions": {
            "temporal": {
                "mean_nll": {"break_even_accuracy": 0.9876, "ci95": {"break_even_accuracy": [0.97, 1.0]}},
                "constant": {"break_even_accuracy": 0.5},
            },
            "spatial": {
                "mean_nll": {"break_even_accuracy": None, "ci95": {}},
                "any": {"break_even_accuracy": 0.8, "ci95": {"break_even_accuracy": [None, None]}},
            },
        },
        "nats_per_frame": 1180.5,
        "steps": 400,
        "parameters": 812345,
        "wall_seconds": None,
    }
    header, mean_nll, constant, any_, *figures = results_table(results).splitlines()
    assert header.split() == ["break-even", "accuracy", "temporal", "spatial"]
    assert mean_nll.split() == ["mean_nll", "0.988", "[0.970,", "1.000]", "-"]
    assert constant.split() == ["constant", "0.500", "-"]
    assert any_.split() == ["any", "-", "0.800"]
    assert header.index("spatial") == mean_nll.rindex("-") == any_.index("0.800")
    assert figures == ["nats per frame: 1,180.5", "training steps: 400", "parameters: 812,345"]


def test_nothing_is_needed():
    assert results_table({}) == ""
