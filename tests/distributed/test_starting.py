"""What is found of a cluster, and what ends a start."""

import socket

import pytest

from tests.distributed.running import free_port
from vpn_anomaly.distributed import group, starting
from vpn_anomaly.distributed.processes import Processes
from vpn_anomaly.errors import UserError

# What SLURM tells the second of three tasks on two nodes.
SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_NODELIST": "node[7-8]",
    "SLURM_NTASKS": "3",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_JOB_NUM_NODES": "2",
}


def test_slurm_is_found(monkeypatch):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    found = starting.found(Processes(None, None, None, 5.0))
    assert (found.count, found.index, found.timeout) == (3, 1, 5.0)
    host, port = found.address
    assert host == "node7" and 0 < port < 2**16


def test_where_nothing_is_found_the_flags_are_asked_for():
    with pytest.raises(UserError, match="JAX finds no TPU pod, SLURM or Open MPI here; give --coordinator"):
        starting.found(Processes(None, None, None, 5.0))


def test_without_processes_nothing_is_started():
    with starting.taking_part(None, lambda: pytest.fail("it has nobody to tell"), []):
        assert (group.current().index, group.current().count) == (0, 1) and group.is_first()
        assert group.by_first(lambda: 7) == group.by_all(lambda: 7) == 7
    starting.leave_group(2)  # does not end a process that is alone


@pytest.mark.parametrize("index", [0, 1])
def test_who_is_missing_is_named(index, tmp_path):
    """Process 0 starts the meeting point; process 1 finds nobody."""
    processes = Processes(f"localhost:{free_port()}", 2, index, 1.0)
    line = "of 2 processes, 1 did not come within 1 s" if index == 0 else "does not answer within 1 s"
    with pytest.raises(UserError, match=line):
        with starting.taking_part(processes, dict, []):
            pytest.fail("nobody else came")


def test_a_port_that_another_program_holds():
    with socket.create_server(("localhost", 0)) as other:
        processes = Processes(f"localhost:{other.getsockname()[1]}", 2, 0, 0.5)
        with pytest.raises(UserError, match="process 0 cannot listen there .*; give another port"):
            with starting.taking_part(processes, dict, []):
                pytest.fail("there is no room to meet")
