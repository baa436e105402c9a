"""The course of training: a JSONL file, TensorBoard events, and a bar on a terminal."""

import json
import pathlib
import sys
import time

from vpn_anomaly import workdir

_BAR = 24  # characters


class TrainingLog:
    """Writes DIR/train.jsonl and DIR/events; a context manager."""

    def __init__(self, directory: pathlib.Path, first_step: int, steps: int):
        self._directory, self._first_step, self._steps = directory, first_step, steps
        self._started = time.monotonic()
        self._on_terminal = sys.stderr.isatty()

    def __enter__(self):
        from tensorboardX import SummaryWriter

        with workdir.storing(self._directory):
            self._file = (self._directory / "train.jsonl").open("a", encoding="utf-8")
            self._events = SummaryWriter(str(self._directory / "events"))
        return self

    def __exit__(self, *error):
        if self._on_terminal:
            print(file=sys.stderr)
        with workdir.storing(self._directory):
            self._file.close()
            self._events.close()

    def write(self, step: int, values: dict[str, float]) -> None:
        """One line and one event a value."""
        with workdir.storing(self._directory):
            self._file.write(json.dumps({"step": step, **values}) + "\n")
            self._file.flush()
            for name, value in values.items():
                self._events.add_scalar(f"train/{name}", value, step)

    def progress(self, step: int, loss: float) -> None:
        """Redraws the bar: step, loss in nats, steps a second, time left."""
        if not self._on_terminal:
            return
        done = int(_BAR * step / self._steps)
        rate = (step - self._first_step) / (time.monotonic() - self._started)
        minutes, seconds = divmod(int((self._steps - step) / rate), 60)
        print(
            f"\r[{'#' * done}{'.' * (_BAR - done)}] step {step}/{self._steps}  loss {loss:.4f} nats"
            f"  {rate:.2f} steps/s  {minutes}:{seconds:02d} left ",
            end="",
            file=sys.stderr,
            flush=True,
        )
