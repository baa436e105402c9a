"""The log of a training: a JSONL file, TensorBoard events, and progress on the standard error."""

import json
import math
import pathlib
import sys

from vpn_anomaly.distributed import group
from vpn_anomaly.files import output_files
from vpn_anomaly.progress import Progress
from vpn_anomaly.text.durations import countdown

_BAR = 24  # characters


class TrainingLog:
    """Writes DIR/train.jsonl and DIR/events, of several processes by the first; a context manager.

    unit: of the loss.
    """

    def __init__(self, directory: pathlib.Path, first_step: int, steps: int, unit: str = "nats"):
        self._directory, self._steps, self._unit = directory, steps, unit
        self._loss, self._on_terminal = math.nan, sys.stderr.isatty()
        self._progress = Progress(self._text, steps, first_step)

    def __enter__(self):
        if not group.is_first():
            return self
        from tensorboardX import SummaryWriter

        with output_files.storing(self._directory):
            self._file = (self._directory / "train.jsonl").open("a", encoding="utf-8")
            self._events = SummaryWriter(str(self._directory / "events"))
        return self

    def __exit__(self, *error):
        self._progress.end()
        if not group.is_first():
            return
        with output_files.storing(self._directory):
            self._file.close()
            self._events.close()

    def write(self, step: int, values: dict[str, float]) -> None:
        """Writes one line, and one event per value."""
        if not group.is_first():
            return
        with output_files.storing(self._directory):
            self._file.write(json.dumps({"step": step, **values}) + "\n")
            self._file.flush()
            for name, value in values.items():
                self._events.add_scalar(f"train/{name}", value, step)

    def progress(self, step: int, loss: float) -> None:
        """Shows step, loss, steps per second and time left; on a terminal with a bar. To be called
        after every step."""
        self._loss = loss
        self._progress(step - self._progress.done)

    def measure_anew(self) -> None:
        """The time left is estimated by the steps from now on."""
        self._progress.measure_anew()

    @property
    def seconds_left(self) -> float | None:
        """As estimated after the step of the last `progress`; None: not known yet."""
        return self._progress.seconds_left

    def _text(self, progress: Progress) -> str:
        step = progress.done
        text = f"step {step}/{self._steps}  loss {self._loss:.4f} {self._unit}"
        if self._on_terminal:
            done = int(_BAR * step / self._steps)
            text = f"[{'#' * done}{'.' * (_BAR - done)}] {text}"
        if progress.seconds_left is None:
            return text
        return f"{text}  {progress.rate:.2f} steps/s  {countdown(progress.seconds_left)} left"
