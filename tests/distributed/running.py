"""Starts the command in several processes that work together, each with devices of its own, on one machine."""

import os
import pathlib
import socket
import subprocess
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 400  # longer than any of them takes on a machine that is busy


class Ended(NamedTuple):
    """How a process ended: its exit code, and what it printed, without the lines of Gloo."""

    code: int
    stdout: str
    stderr: str


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as probe:
        return probe.getsockname()[1]


def environment(devices: int) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
        "JAX_NUM_CPU_DEVICES": str(devices),
    }


def start(arguments, count, devices=2, port=None, indices=None, more=(), folders=()):
    """The started processes.

    Args:
        indices: which of them; None: all.
        more: flags of each, after those of all.
        folders: in which each is started, created here.
    """
    port = port or free_port()
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "vpn_anomaly.main", *arguments),
                f"--coordinator=localhost:{port}",
                f"--process_count={count}",
                f"--process_index={index}",
                *(more[index] if more else ()),
            ],
            cwd=folders[index] if folders else ROOT,
            env=environment(devices),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in (range(count) if indices is None else indices)
    ]


def ended(processes, seconds=SECONDS) -> list[Ended]:
    """How they end; fails if one does not within so many seconds."""
    found = []
    for process in processes:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            for other in processes:
                other.kill()
            raise
        lines = [line for line in (stdout + stderr).splitlines() if line.startswith("[Gloo]")]
        for line in lines:
            stdout, stderr = stdout.replace(line + "\n", ""), stderr.replace(line + "\n", "")
        found.append(Ended(process.returncode, stdout, stderr))
    return found


def run(arguments, count, devices=2, **more) -> list[Ended]:
    """`ended` of `start`."""
    return ended(start(arguments, count, devices, **more))


def run_alone(arguments, devices=1) -> Ended:
    """How the command ends in a single process."""
    command = [sys.executable, "-m", "vpn_anomaly.main", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(devices), capture_output=True, text=True, timeout=SECONDS
    )
    return Ended(done.returncode, done.stdout, done.stderr)
