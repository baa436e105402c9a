"""The flags of several processes, and what they are compared by."""

import pytest

from tests.tiny import config_file, tiny_config
from vpn_anomaly import command_line, task_identity
from vpn_anomaly.distributed import processes
from vpn_anomaly.distributed.difference import first_difference
from vpn_anomaly.distributed.processes import TIMEOUT_OF_CLUSTER, Processes
from vpn_anomaly.errors import UserError


def test_without_flags_there_is_one_process():
    assert processes.checked(None, None, None, False, None) is None


def test_all_three_flags_describe_the_processes():
    found = processes.checked("node-7:1234", 3, 2, False, 12.0)
    assert found == Processes("node-7:1234", 3, 2, 12.0) and found.address == ("node-7", 1234)
    assert processes.checked("[::1]:80", 2, 0, False, None).address == ("::1", 80)
    assert processes.checked(None, None, None, True, None) == Processes(None, None, None, TIMEOUT_OF_CLUSTER)


@pytest.mark.parametrize(
    "flags, line",
    [
        (
            ("localhost:1", None, 0, False, None),
            "--process_count missing beside --coordinator and --process_index",
        ),
        (("localhost:1", 2, None, False, None), "--process_index missing"),
        ((None, 2, 0, False, None), "--coordinator missing"),
        (("localhost", 2, 0, False, None), "--coordinator=localhost has to be HOST:PORT"),
        (("localhost:99999", 2, 0, False, None), "has to be HOST:PORT"),
        (("localhost:port", 2, 0, False, None), "has to be HOST:PORT"),
        (
            ("localhost:1", 2, 2, False, None),
            "--process_index=2 of --process_count=2: the indices are 0 to 1",
        ),
        (
            ("localhost:1", None, None, True, None),
            "--distributed finds the processes by itself; leave out --coord",
        ),
        ((None, None, None, False, 5.0), "--coordinator_timeout is for several processes"),
    ],
)
def test_flags_that_do_not_fit(flags, line):
    with pytest.raises(UserError, match=line):
        processes.checked(*flags)


def arguments(tmp_path, *more):
    config_file(tmp_path / "tiny.py", tiny_config())
    flags = ("--coordinator=localhost:1234", "--process_count=2", f"--workdir={tmp_path / 'run'}", *more)
    return command_line.parse([f"--config={tmp_path / 'tiny.py'}", *flags])


def test_processes_of_one_command_are_about_to_do_the_same(tmp_path):
    first, second = (task_identity.of(arguments(tmp_path, f"--process_index={i}")) for i in (0, 1))
    assert first == second and first["train.steps"] == "4" and "code" in first["the version of the package"]


@pytest.mark.parametrize(
    "flag, name", [("--config.train.steps=7", "train.steps"), ("--mode=train", "--mode")]
)
def test_another_command_is_named_by_what_differs(tmp_path, flag, name):
    first = task_identity.of(arguments(tmp_path, "--process_index=0"))
    second = task_identity.of(arguments(tmp_path, "--process_index=1", flag))
    assert first_difference({0: first, 1: second}).startswith(f"the processes disagree: {name} is ")


def test_the_first_difference_names_both_values():
    same = {"a": 1, "b": [1, 2]}
    assert first_difference({0: same, 1: dict(same)}) is None
    found = first_difference({2: {**same, "b": [2]}, 0: same, 1: same})
    assert found == "the processes disagree: b is [1, 2] in process 0 and [2] in process 2"
    assert "c is 'absent' in process 0 and 3" in first_difference({0: same, 1: {**same, "c": 3}})
