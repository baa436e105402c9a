"""The seconds of a training step of one process, and of two that share its batch, on this machine."""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from vpn_anomaly.errors import UserError

STEPS, FIRST = 30, 10  # steps of a training, and the one from which on they are timed
TRAINING = (
    *("--config=configs/table.py", "--mode=train", f"--config.train.steps={STEPS}"),
    *("--config.train.log_every=1", f"--config.train.checkpoint_every={STEPS}"),
)
PROGRAM = ("-m", "vpn_anomaly.main")


def seconds_a_step(counts: Sequence[int] = (1, 2), program: Sequence[str] = PROGRAM) -> dict[str, float]:
    """By the number of processes; of the steps from FIRST on. UserError, with its last line, if a training fails."""
    return {str(count): _seconds_a_step(count, program) for count in counts}


def _seconds_a_step(count: int, program: Sequence[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *program, *TRAINING, f"--workdir={folder}/run"]
        port = _free_port()
        shared = (f"--coordinator=localhost:{port}", f"--process_count={count}") if count > 1 else ()
        outputs = [pathlib.Path(folder) / f"output_{index}" for index in range(count)]
        running = [
            _started([*command, *shared, *([f"--process_index={index}"] if shared else [])], output)
            for index, output in enumerate(outputs)
        ]
        try:
            failed = [index for index, process in enumerate(running) if process.wait()]
        finally:
            for process in running:
                process.kill()
        if failed:
            *_, last = outputs[failed[0]].read_text().strip().splitlines() or ["it says nothing"]
            raise UserError(f"training with {count} processes failed: {last}")
        return _timed((pathlib.Path(folder) / "run" / "train.jsonl").read_text())


def _started(command: Sequence[str], output: pathlib.Path) -> subprocess.Popen:
    with output.open("w") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)


def _timed(log: str) -> float:
    """Seconds a step from step FIRST to the last one."""
    lines = [json.loads(line) for line in log.splitlines()]
    at = {line["step"]: line["seconds"] for line in lines}
    return (at[STEPS] - at[FIRST]) / (STEPS - FIRST)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]
