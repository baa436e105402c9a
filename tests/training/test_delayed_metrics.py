"""Metrics are read one step late, in order, each once, and a bad one under its own step."""

import math

import numpy as np
import pytest

from vpn_anomaly.training.delayed_metrics import DelayedMetrics


class Recording:
    """A device that tells what is launched on it and what is read from it."""

    def __init__(self, losses=()):
        self.events, self.losses = [], dict(losses)

    def launch(self, step):
        self.events.append(f"launch {step}")
        return {"loss": _Loss(step, self)}

    def receive(self, metrics):
        assert metrics.index_B.tolist() == [10 * metrics.step]
        loss = metrics.values["loss"]
        self.events.append(f"receive {metrics.step}: {loss}")
        if math.isnan(loss):
            raise ValueError(f"step {metrics.step}")


class _Loss:
    def __init__(self, step, device):
        self.step, self.device = step, device

    def __float__(self):
        self.device.events.append(f"read {self.step}")
        return self.device.losses.get(self.step, float(self.step))


def run(device, steps, flushed=()):
    metrics = DelayedMetrics(device.receive)
    for step in steps:
        metrics.launched(step, device.launch(step), np.array([10 * step]))
        if step in flushed:
            metrics.flush()
    return metrics


def test_a_step_is_read_when_the_next_is_launched():
    device = Recording()
    metrics = run(device, [1, 2, 3])
    assert device.events == [
        *("launch 1", "launch 2", "read 1", "receive 1: 1.0"),
        *("launch 3", "read 2", "receive 2: 2.0"),
    ]
    metrics.flush()
    assert device.events[-2:] == ["read 3", "receive 3: 3.0"]


def test_a_flush_reads_the_newest_and_nothing_twice():
    device = Recording()
    metrics = run(device, [5, 6, 7], flushed=[6])
    metrics.flush()
    metrics.flush()
    assert [event for event in device.events if "receive" not in event] == [
        *("launch 5", "launch 6", "read 5", "read 6", "launch 7", "read 7"),
    ]


@pytest.mark.parametrize("flushed", [[], [3]])
def test_what_is_not_a_number_is_received_as_of_its_step_and_ends_the_reading(flushed):
    device = Recording({3: math.nan})
    with pytest.raises(ValueError, match="step 3"):
        run(device, [1, 2, 3, 4], flushed)
    assert "receive 3: nan" in device.events and "read 4" not in device.events


def test_numbers_of_arrays_become_floats():
    received = []
    metrics = DelayedMetrics(received.append)
    metrics.launched(1, {"loss": np.float32(0.5), "gradient_norm": np.array(2)}, np.arange(3))
    metrics.flush()
    assert received[0].values == {"loss": 0.5, "gradient_norm": 2.0}
    assert all(type(value) is float for value in received[0].values.values())
