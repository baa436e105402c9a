"""DIR/report.html while a model trains: how far it is, the course of its loss, the maps of one fixed clip."""

import datetime
import logging
import pathlib

from vpn_anomaly.errors import UserError
from vpn_anomaly.report.fixed_clip import FixedClip, fixed_clip, map_parts
from vpn_anomaly.report.loss_curve import loss_curve
from vpn_anomaly.report.page import write_page
from vpn_anomaly.report.parts import Facts, Page, Section, Text
from vpn_anomaly.report.standing import TRAINING, Standing
from vpn_anomaly.report.training_figure import read_training_log
from vpn_anomaly.scoring.clip_scorer import build_scorer
from vpn_anomaly.storage import workdir
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.text.durations import countdown, rough_duration
from vpn_anomaly.training.snapshot import Snapshot

_log = logging.getLogger(__name__)


class TrainingPage:
    """The page of a model's run. Where it cannot be written, a warning says so.

    Args:
        config: of the model.
        directory: of the run.
    """

    def __init__(self, config, directory: pathlib.Path):
        self._config, self._directory = config, directory
        self._clip: FixedClip | None = None
        self._maps: Section | None = None
        self._unit = build_system(config).loss_unit

    def show(self, source, snapshot: Snapshot) -> None:
        """Writes the page of a moment of the training, with the maps of its weights.

        source: of the sequences, see `data/pipeline.py`.
        """
        self._clip = self._clip or fixed_clip(source, self._config.evaluate.corruptions)
        scorer = build_scorer(self._config, build_system(self._config), snapshot.params)
        self._maps = Section(f"Maps after step {snapshot.step:,}", map_parts(self._clip, scorer), "maps")
        left = "not known yet" if snapshot.seconds_left is None else countdown(snapshot.seconds_left)
        times = [("Training for", rough_duration(snapshot.seconds)), ("Left, about", left)]
        self._write(TRAINING, snapshot.step, times)

    def end(self, standing: Standing) -> None:
        """Writes the page for the last time, with the maps of the last `show`; not if nothing was shown."""
        if self._maps is not None:
            self._write(standing)

    def _write(self, standing: Standing, step: int | None = None, times: list[tuple[str, str]] | None = None):
        """step, times: by default those of the last line in the log."""
        try:
            log = read_training_log(self._directory / "train.jsonl")
            times = times or [("Trained for", rough_duration(log["seconds"][-1]))]
            page = self._page(standing, log, step or int(log["step"][-1]), times)
            write_page(self._directory / workdir.REPORT, page)
        except (OSError, UserError) as error:
            _log.warning("the page that shows how training goes is not written: %s", error)

    def _page(self, standing, log, step: int, times) -> Page:
        loss = f"{log['loss'][-1]:.4g} {self._unit} per pixel"
        rows = [
            ("Written", f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"),
            ("System", self._config.system),
            *times,
            ("Loss of the last logged step", loss),
        ]
        course = Section("Course", [Text([standing.said]), loss_curve(log, self._unit)], "course")
        title = f"{standing.word}: step {step:,} of {self._config.train.steps:,}"
        return Page(title, str(self._directory), Facts(rows), [course, self._maps], standing.refresh)
