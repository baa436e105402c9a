"""Checksums of arrays, JSON and files against hashlib, and what they notice."""

import hashlib

import ml_dtypes
import numpy as np

from vpn_anomaly.files import checksums


def test_array_sums_are_those_of_the_bytes_in_c_order():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    plain = hashlib.sha256(b"".join(value.tobytes() for value in array.ravel())).hexdigest()
    for same in (array, np.asfortranarray(array), array.repeat(2, axis=1)[:, ::2]):
        assert checksums.of_arrays({"a": same}) == {
            "a": {"shape": [2, 3], "dtype": "float32", "sha256": plain}
        }


def test_a_changed_renamed_missing_or_reshaped_array_is_named():
    arrays = {"a": np.zeros(4), "b": np.ones(3, ml_dtypes.bfloat16)}
    recorded = checksums.of_arrays(arrays)
    assert checksums.array_problem(arrays, recorded) is None
    minus_zero = {**arrays, "a": np.array([0.0, -0.0, 0.0, 0.0])}
    for wrong, name in [
        (minus_zero, "a"),
        ({"b": arrays["b"]}, "a"),
        ({**arrays, "c": np.zeros(1)}, "c"),
        ({**arrays, "a": np.zeros((2, 2))}, "a"),
        ({**arrays, "b": np.ones(3)}, "b"),
    ]:
        assert f"array {name} " in checksums.array_problem(wrong, recorded)


def test_json_sums_do_not_depend_on_the_order_of_keys():
    assert checksums.of_json({"a": 1, "b": [2]}) == checksums.of_json({"b": [2], "a": 1})
    assert checksums.of_json({"a": 1}) != checksums.of_json({"a": 2})
    assert checksums.of_json([1, 2]) != checksums.of_json([2, 1])


def test_a_changed_cut_or_missing_file_is_named(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "data").write_bytes(b"12345")
    (tmp_path / "empty").write_bytes(b"")
    recorded = checksums.of_files(tmp_path)
    assert recorded["d/data"] == {"bytes": 5, "sha256": hashlib.sha256(b"12345").hexdigest()}
    assert checksums.file_problem(tmp_path, recorded) is None
    (tmp_path / "new").write_bytes(b"not recorded")
    assert checksums.file_problem(tmp_path, recorded) is None
    (tmp_path / "d" / "data").write_bytes(b"12344")
    assert checksums.file_problem(tmp_path, recorded) == "file d/data differs from its checksum"
    (tmp_path / "d" / "data").write_bytes(b"123")
    assert checksums.file_problem(tmp_path, recorded) == "file d/data has 3 of 5 bytes"
    (tmp_path / "d" / "data").unlink()
    assert checksums.file_problem(tmp_path, recorded) == "file d/data is missing"
