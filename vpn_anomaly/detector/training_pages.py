"""The pages that show how training goes: of every member in its folder, and of the detector in its own."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping

from vpn_anomaly.arguments import Arguments
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.distributed import group
from vpn_anomaly.report.detector_training_page import DetectorTrainingPage
from vpn_anomaly.report.standing import (
    EVALUATED_NEXT,
    TRAINED,
    TRAINED_MEMBER,
    TRAINING,
    Standing,
    not_evaluated,
    stopped,
)
from vpn_anomaly.report.training_page import TrainingPage
from vpn_anomaly.storage import results_file
from vpn_anomaly.text.durations import rough_duration


@contextlib.contextmanager
def training_pages(
    members: Mapping[str, Arguments], directory: pathlib.Path, then_evaluate: bool
) -> Iterator["TrainingPages"]:
    """The pages of a training and of an evaluation after it: at the end, none says that it goes on.

    Args:
        members: what is trained, by name; a run without members is one without a name.
        directory: of the detector, or of the run.
        then_evaluate: whether the evaluation follows, whose reports take the place of these pages.
    """
    pages = TrainingPages(members, directory, then_evaluate)
    try:
        yield pages
    except BaseException as error:
        pages.end("" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__)
        raise
    pages.end()


class TrainingPages:
    """See `training_pages`. Of several processes the first one writes them."""

    def __init__(self, members: Mapping[str, Arguments], directory: pathlib.Path, then_evaluate: bool):
        self._directory, self._then_evaluate = directory, then_evaluate
        shown = {name: one for name, one in members.items() if one.config.train.report_every}
        self._pages = {
            name: TrainingPage(one.config, one.run_folder)
            for name, one in shown.items()
            if not system_named(one.config.system).fits
        }
        # An evaluated detector keeps its report until it is evaluated again.
        has_own = shown and "" not in shown and results_file.read_results(directory) is None
        self._of_detector = DetectorTrainingPage(directory, shown) if has_own else None
        self._untrained, self._current = set(members), ""

    def begin(self, name: str) -> Callable | None:
        """A member is trained now. Returns what `training.run.train` reports to; None: nothing is shown."""
        self._current = name
        self._write(name, "is training", TRAINING)
        page = self._pages.get(name)
        if page is None:
            return None

        def show(source, snapshot):
            page.show(source, snapshot)
            self._write(name, f"is at step {snapshot.step:,}", TRAINING)

        return show

    def trained(self, name: str, seconds: float) -> None:
        """Training the member is over; it took so many seconds."""
        self._untrained.discard(name)
        after_all = EVALUATED_NEXT if self._then_evaluate else TRAINED
        self._end(name, TRAINED_MEMBER if name else after_all)
        self._write(
            name,
            f"is trained, in {rough_duration(seconds)}",
            TRAINING if self._untrained else after_all,
        )

    def end(self, reason: str = "") -> None:
        """Nothing of what was begun goes on. reason: of an error; empty: done, or asked to stop."""
        if self._untrained:
            self._end(self._current, stopped(reason))
            self._write(self._current, "is stopped", stopped(reason))
        elif self._then_evaluate and results_file.read_results(self._directory) is None:
            self._end("", not_evaluated(reason))
            self._write(self._current, "is trained", not_evaluated(reason))

    def _end(self, name: str, standing: Standing) -> None:
        if group.is_first() and name in self._pages:
            self._pages[name].end(standing)

    def _write(self, name: str, doing: str, standing: Standing) -> None:
        if group.is_first() and self._of_detector is not None:
            self._of_detector.write(name, doing, standing)
