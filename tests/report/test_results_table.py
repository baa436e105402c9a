"""The text of results.json."""

import re

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


def of_score(micro, macro, few):
    values = {"auroc_micro": micro, "auroc_macro": macro, "auroc_macro_10": few, "equal_error_rate": 0.25}
    return {**values, "ci95": {"auroc_micro": [0.5, 0.875]}}


def labelled_results(**more):
    return {
        "data_set": {},
        "scores": {"any": of_score(0.75, 0.625, None), "foreground": of_score(0.5, 0.5, 0.5)},
        "differences": {
            "foreground": {"auroc_micro": 0.25, "auroc_macro": None, "ci95": {"auroc_micro": [-0.1, 0.5]}}
        },
        "few_frames": [],
        "published": None,
        "maps": {},
        "at_threshold": {
            "score": "any",
            "allowed": 0.05,
            "false_alarm_rate": 0.125,
            "recall": 0.5,
            "after": None,
            "elsewhere": 0.125,
            "after_seconds": 1.0,
            "frames": {"after": 0, "elsewhere": 1200},
            "ci95": {"false_alarm_rate": [0.1, 0.2], "elsewhere": [0.1, 0.25]},
            "used": 0.0625,
            "normal_clips": {
                "false_alarm_rate": 0.0615,
                "ci95": {"false_alarm_rate": [0.03, 0.11]},
                "clips": 4,
                "frames": 1300,
            },
            "notes": ["p = 0.05 is rarer"],
        },
        "done": ["something"],
        "not_done": [],
        **more,
    }


def test_of_a_labelled_set_come_scores_then_what_is_gained_then_alarms():
    head, any_, foreground, minus, difference, flagged, elsewhere, normal, note, done = results_table(
        labelled_results()
    ).splitlines()
    assert re.split("  +", head) == ["frame score", "AUROC micro", "AUROC macro", "equal error rate"]
    assert re.split("  +", any_) == ["any", "0.750 [0.500, 0.875]", "0.625", "0.250"]
    assert foreground.startswith("foreground ")
    assert re.split("  +", minus) == ["any minus no learning", "AUROC micro", "AUROC macro"]
    assert re.split("  +", difference) == ["foreground", "0.250 [-0.100, 0.500]", "-"]
    assert (
        "0.125 [0.100, 0.200] of the normal frames flagged (0.05 allowed), 0.500 of the anomalous" in flagged
    )
    assert "of the 0 normal frames within 1 s after a labelled range - flagged" in elsewhere
    assert "of the other 1,200 0.125 [0.100, 0.250] (0.05 allowed)" in elsewhere
    assert "1,300 frames of 4 normal clips 0.061 [0.030, 0.110] flagged" in normal
    assert normal.endswith("which is for 0.0625") and note == "p = 0.05 is rarer"
    assert done == "done: something"


def test_a_macro_mean_without_short_clips_stands_where_there_are_some():
    lines = results_table(labelled_results(few_frames=[{"clip": "Test003"}])).splitlines()
    assert re.split("  +", lines[0])[2:4] == ["AUROC macro", "AUROC macro, 10+"]
    assert re.split("  +", lines[1])[3] == "-" and re.split("  +", lines[2])[3] == "0.500"


def test_the_published_protocol_comes_second_and_by_its_name():
    published = {
        "scores": {"any": of_score(0.875, 0.875, None)},
        "differences": {},
        "done": ["scaled", "smoothed"],
    }
    lines = results_table(labelled_results(published=published)).splitlines()
    place = lines.index("by the published protocol: scaled; smoothed")
    assert lines[1].startswith("any ") and "0.750" in lines[1]
    assert lines[place + 2].startswith("any ") and "0.875 [" in lines[place + 2]
