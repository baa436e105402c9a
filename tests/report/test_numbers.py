"""Metrics as reports write them."""

from vpn_anomaly.report.numbers import number, with_interval


def test_metrics_have_three_digits_and_their_interval():
    metrics = {"auroc": 0.87149, "recall": 0.5, "precision": None, "ci95": {"auroc": [0.82, 0.9116]}}
    assert with_interval(metrics, "auroc") == "0.871 [0.820, 0.912]"
    assert with_interval(metrics, "recall") == "0.500"
    assert with_interval(metrics, "precision") == with_interval(metrics, "absent") == "-"
    assert number(None, "–") == "–"
