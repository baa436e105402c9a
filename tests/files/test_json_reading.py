"""JSON files that are long or deep are damaged, wherever one is read."""

import pytest

from vpn_anomaly import config
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import json_reading
from vpn_anomaly.storage import exported_weights, results_file, workdir


def long(path):
    with open(path, "wb") as file:
        file.write(b"[")
        file.truncate(10**10)


@pytest.mark.parametrize(
    "write",
    [
        long,
        lambda path: path.write_text("[" * 10**6),
        lambda path: path.write_text('{"a":' * 10**6),
        lambda path: path.write_text("9" * 5000),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_text(""),
    ],
    ids=["long", "lists", "objects", "digits", "no text", "empty"],
)
def test_files_that_are_not_read(tmp_path, write):
    for name in ("config.json", "about.json", "results.json"):
        write(tmp_path / name)
    with pytest.raises(ValueError):
        json_reading.read_object(tmp_path / "config.json")
    assert results_file.read_results(tmp_path) is None
    with pytest.raises(UserError, match="config.json cannot be read"):
        workdir.open_run(tmp_path, config.defaults())
    with pytest.raises(UserError, match="about.json cannot be read"):
        exported_weights.read_about(tmp_path)


def test_a_file_that_is_read(tmp_path):
    workdir.write_json(tmp_path / "x.json", {"name": ["é", 1.5, None]})
    assert json_reading.read_object(tmp_path / "x.json") == {"name": ["é", 1.5, None]}
