"""The table of modes: each is reached by its name, and the help text has them all."""

import types

import pytest

from vpn_anomaly import modes, usage
from vpn_anomaly.config import defaults


@pytest.mark.parametrize("mode", modes.MODES)
def test_a_mode_is_one_function(mode, monkeypatch):
    called = []
    monkeypatch.setitem(modes.MODES, mode, called.append)
    arguments = types.SimpleNamespace(mode=mode, config=defaults())
    modes.run(arguments)
    assert called == [arguments]


def test_without_a_mode_it_trains_and_evaluates(monkeypatch):
    called = []
    monkeypatch.setattr(modes, "train_and_evaluate", called.append)
    arguments = types.SimpleNamespace(mode=None, config=defaults())
    modes.run(arguments)
    assert called == [arguments]


def test_the_help_text_names_every_mode():
    (line,) = [line for line in usage.help_text().splitlines() if line.startswith("  --mode=MODE")]
    for mode in modes.MODES:
        assert mode in line
