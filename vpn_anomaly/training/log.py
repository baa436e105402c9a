"""The log of a training: a JSONL file, TensorBoard events, and progress on the standard error."""

import json
import pathlib
import sys
import time

from vpn_anomaly.progress import Pace
from vpn_anomaly.storage import workdir

_BAR = 24  # characters


class TrainingLog:
    """Writes DIR/train.jsonl and DIR/events; a context manager."""

    def __init__(self, directory: pathlib.Path, first_step: int, steps: int, unit: str = "nats"):
        self._directory, self._first_step, self._steps = directory, first_step, steps
        self._unit = unit  # of the loss
        self._started = time.monotonic()
        self._on_terminal = sys.stderr.isatty()
        self._pace = Pace()
        self._first_told: tuple[int, float] | None = None  # step, time

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
        """Writes one line, and one event per value."""
        with workdir.storing(self._directory):
            self._file.write(json.dumps({"step": step, **values}) + "\n")
            self._file.flush()
            for name, value in values.items():
                self._events.add_scalar(f"train/{name}", value, step)

    def progress(self, step: int, loss: float) -> None:
        """Prints step, loss, steps per second and time left: on a terminal a bar that is redrawn,
        elsewhere a line as often as `Pace` says. To be called after every step."""
        now = time.monotonic()
        if self._on_terminal:
            done = int(_BAR * step / self._steps)
            bar = f"\r[{'#' * done}{'.' * (_BAR - done)}] "
            speed = self._speed(step, step - self._first_step, now - self._started)
            print(f"{bar}{self._where(step, loss)}{speed} ", end="", file=sys.stderr, flush=True)
        elif self._pace.due(now, last=step == self._steps):
            print(
                f"{self._where(step, loss)}{self._speed_since_first(step, now)}", file=sys.stderr, flush=True
            )

    def _where(self, step: int, loss: float) -> str:
        return f"step {step}/{self._steps}  loss {loss:.4f} {self._unit}"

    def _speed(self, step: int, steps: int, seconds: float) -> str:
        rate = steps / seconds
        minutes, seconds_left = divmod(int((self._steps - step) / rate), 60)
        return f"  {rate:.2f} steps/s  {minutes}:{seconds_left:02d} left"

    def _speed_since_first(self, step: int, now: float) -> str:
        """Empty for the first step: most of its time is compilation, which would distort the speed."""
        if self._first_told is None:
            self._first_told = step, now
            return ""
        first_step, then = self._first_told
        return self._speed(step, step - first_step, now - then)
