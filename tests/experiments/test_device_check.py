"""The device check on a CPU, with small models: all parts are measured, and the CPU agrees with itself."""

import json

import jax
import pytest

from experiments import device_check


@pytest.mark.slow
def test_a_quick_check_on_the_cpu(tmp_path, monkeypatch):
    path = tmp_path / "check.json"
    assert device_check.main(["--quick", f"--output={path}"]) == 0
    found = json.loads(path.read_text())
    assert found["quick"] and found["hardware"]["platform"] == "cpu"
    assert set(found["seconds"]) == set(device_check.PARTS)
    assert all(of["difference"] == 0 and of["deviation"] > 0 for of in found["scores"]["float32"].values())
    in_bfloat16 = found["scores"]["bfloat16"]["mean_nll"]
    assert 0 < in_bfloat16["difference"] < 0.1
    assert found["stream"]["frames_per_second"] > 0
    assert found["full"]["batch"] == 2 and [row["name"] for row in found["step"]] == ["ours"]


def test_the_batch_is_halved_until_it_fits(monkeypatch):
    tried = []

    def program(config):
        tried.append(config.train.batch_size)
        if len(tried) < 3:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
        return lambda: 0

    monkeypatch.setattr(device_check.training_step, "package_program", program)
    assert device_check.largest_full(quick=False)["batch"] == 16 and tried == [64, 32, 16]


def test_another_error_is_no_lack_of_memory(monkeypatch):
    def program(config):
        raise jax.errors.JaxRuntimeError("INTERNAL: broken")

    monkeypatch.setattr(device_check.training_step, "package_program", program)
    with pytest.raises(jax.errors.JaxRuntimeError, match="broken"):
        device_check.largest_full(quick=False)


def test_what_would_begin_late_is_skipped(monkeypatch):
    clock = iter(range(0, 10_000, 130))
    monkeypatch.setattr(device_check.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(device_check, "PARTS", {name: lambda quick: {} for name in "abc"})
    found = device_check.check(quick=True)
    assert [found[name] for name in "abc"] == [{}, "skipped", "skipped"]
