"""What a training tells on the standard error: a bar on a terminal, now and then a line elsewhere."""

import io
import sys
import time

import pytest

from vpn_anomaly.training.log import TrainingLog

COMPILATION, STEP = 50.0, 0.5  # seconds


class Terminal(io.StringIO):
    def isatty(self):
        return True


def told(tmp_path, monkeypatch, output, first_step, steps):
    """What is printed while the steps after `first_step` are made; the loss is a hundredth of them."""
    now = 7.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(sys, "stderr", output)
    with TrainingLog(tmp_path, first_step, steps) as log:
        now += COMPILATION
        for step in range(first_step + 1, steps + 1):
            now += STEP
            log.progress(step, step / 100)
    return output.getvalue()


def test_off_a_terminal_a_line_now_and_then(tmp_path, monkeypatch):
    """The first step, every 30 seconds (60 steps), the last step; compilation is in no speed."""
    assert told(tmp_path, monkeypatch, io.StringIO(), 0, 150).splitlines() == [
        "step 1/150  loss 0.0100 nats",
        "step 61/150  loss 0.6100 nats  2.00 steps/s  0:44 left",
        "step 121/150  loss 1.2100 nats  2.00 steps/s  0:14 left",
        "step 150/150  loss 1.5000 nats  2.00 steps/s  0:00 left",
    ]


def test_a_resumed_run_counts_its_own_steps(tmp_path, monkeypatch):
    lines = told(tmp_path, monkeypatch, io.StringIO(), 1000, 4000).splitlines()
    assert lines[:2] == [
        "step 1001/4000  loss 10.0100 nats",
        "step 1061/4000  loss 10.6100 nats  2.00 steps/s  24:29 left",
    ]
    assert len(lines) == 51


def test_one_step_is_one_line(tmp_path, monkeypatch):
    assert told(tmp_path, monkeypatch, io.StringIO(), 3, 4) == "step 4/4  loss 0.0400 nats\n"


@pytest.mark.parametrize("first_step", [0, 1])
def test_on_a_terminal_every_step_redraws_the_bar(tmp_path, monkeypatch, first_step):
    bars = told(tmp_path, monkeypatch, Terminal(), first_step, 3).split("\r")
    assert len(bars) == 4 - first_step and bars[0] == ""
    first = f"step {first_step + 1}/3  loss 0.0{first_step + 1}00 nats "
    assert bars[1].endswith(f"] {first}")  # most of its time is compilation
    if first_step == 0:
        assert bars[2] == f"[{'#' * 16}{'.' * 8}] step 2/3  loss 0.0200 nats  2.00 steps/s  0:00 left "
    assert bars[-1] == f"[{'#' * 24}] step 3/3  loss 0.0300 nats  2.00 steps/s  0:00 left \n"
