"""A trained detector: scores sequences, watches videos, is evaluated.

detector = vpn_anomaly.load("pretrained")
detector.score("sample").to_pandas()
"""

import contextlib
import dataclasses
import functools
import os
import pathlib
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly.arguments import Arguments
from vpn_anomaly.catalogue import EXPORT_FORMATS, check_export_format, system_named
from vpn_anomaly.config_overrides import applied, of_values
from vpn_anomaly.data.video.given_frames import GivenFrame
from vpn_anomaly.detector import evaluating, given_data, loading, taking
from vpn_anomaly.detector.scores import Scores
from vpn_anomaly.detector.watching import WatchedFrame, watched_frames
from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.calibration import Calibration
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.meaning import meanings
from vpn_anomaly.scoring.sequence_scores import (
    SequenceScores,
    build_score_settings,
    normal_sequences,
    score_sequences,
)
from vpn_anomaly.scoring.trained_member import WITHOUT_PREFIX, TrainedMember
from vpn_anomaly.text.telling import telling
from vpn_anomaly.watching.build import MonitorBuilder, build_watch_settings


class Detector:
    """What was trained: a single model, or members that watch together. `vpn_anomaly.load` and `train` make it.

    It can be used again and again, and by several threads at once: scoring and watching change nothing in it. (An
    iterator of `watch` belongs to one thread at a time.) Nothing is printed, unless `progress=True` asks for it.

    Attributes:
        config: that it was trained with; what was set by hand is in it.
        members: the trained models; a single one without a name, if it has no members.
    """

    config: ConfigDict
    members: tuple[TrainedMember, ...]

    def __init__(self, arguments: Arguments):
        """arguments: which detector; users call `vpn_anomaly.load`. UserError where it is not trained."""
        self._arguments = arguments
        config, members = loading.load(arguments)
        self.config, self.members = config, tuple(members)
        self._calibrating = threading.Lock()

    def __repr__(self) -> str:
        names = ", ".join(member.name for member in self.members if member.name)
        return f"<Detector of {names or self.config.system} in {self._arguments.folder}>"

    @property
    def meaning(self) -> Mapping[str, str]:
        """What each of its scores measures, with its unit, by name. Higher is more anomalous."""
        return meanings(self.members)

    def score(
        self,
        sequences: np.ndarray | str | os.PathLike,
        maps: bool = False,
        every_frame: bool | None = None,
        progress: bool = False,
    ) -> Scores:
        """Scores sequences like those that it was trained on; with members, by its motion member.

        Args:
            sequences: uint8 (N, T, H, W) or (N, T, H, W, C), C 1 or 3; or a .npy or .npz file of them; or `sample`,
                those that come with the package.
            maps: whether to return maps, too.
            every_frame: score each frame that has enough before it, not only the last one of each sequence; None:
                as the config says (`score.every_frame`).
            progress: whether to print how far it is.

        UserError for sequences of another size or colour than was trained on, or with too few frames, and for a
        detector that sees whole videos only.
        """
        if every_frame is None:
            every_frame = self._of_sequences.config.score.every_frame
        with telling(progress):
            return Scores.of(self.sequence_scores(sequences, maps, every_frame), every_frame)

    def sequence_scores(
        self, sequences: np.ndarray | str | os.PathLike, maps: bool, every_frame: bool
    ) -> SequenceScores:
        """`score`, as the files of a command have it; it tells how far it is."""
        member = self._of_sequences
        settings = dataclasses.replace(build_score_settings(member.config), every_frame=every_frame)
        given, name = given_data.sequences(sequences, settings.max_gigabytes)
        return score_sequences(given, name, self._clip_scorer, lambda: self._normal, settings, maps)

    def watch(
        self,
        source: str | os.PathLike | Iterable[GivenFrame],
        progress: bool = False,
    ) -> Iterator[WatchedFrame]:
        """Watches a source, or several, one after the other; yields what is found in every frame.

        Frames of a camera or an address that come while the caller is busy are dropped, beyond a few; one that is
        lost is opened again. The iteration is over where the source ends; closing the iterator closes the source.

        Args:
            source: a video, a folder of images or videos, a pattern, .npy of frames, camera:0, an address; or frames
                that the caller yields: uint8 (H, W) or (H, W, C), C 1 or 3, or pairs of seconds and such a frame.
                Those without a time come `data.video.frame_rate` in a second.
            progress: whether to print notices, such as that a stream was lost.

        UserError for a detector that was not trained on videos; from the iteration, where the source cannot be
        opened, or has frames of another size than was trained on.
        """
        return watched_frames(source, self.monitors, progress)

    @functools.cached_property
    def monitors(self) -> MonitorBuilder:
        """Makes what watches a source. UserError for a detector that was not trained on videos."""
        return MonitorBuilder(self.members, build_watch_settings(self.config))

    def evaluate(
        self,
        workdir: str | os.PathLike | None = None,
        data: tuple[str, str | os.PathLike] | None = None,
        progress: bool = False,
    ) -> dict:
        """Evaluates on test data: of a detector that was trained on a labelled set, on its test clips.

        Args:
            workdir: the folder for results.json, report.html and figures. A run is evaluated in its own, which is
                the default; other weights in a new or empty one, or, by default, without files.
            data: of weights, (name, folder) of the labelled set to evaluate on; None: that of the training.
            progress: whether to print how far it is, and the results as a table.

        Returns:
            what results.json holds, that is, metrics with their intervals, config, and provenance.

        UserError for test data that are insufficient or unreadable, and for a folder that holds something else.
        """
        with telling(progress), contextlib.ExitStack() as stack:
            detector = (
                self if data is None else self._on(given_data.fields(data, self.config, pathlib.Path()))
            )
            run = self._arguments.workdir
            if run is None:
                folder = workdir or stack.enter_context(tempfile.TemporaryDirectory(prefix="vpn_anomaly-"))
            elif workdir is not None and not os.path.samefile(workdir, run):
                raise UserError(f"the run in {run} is evaluated there; leave workdir out")
            else:
                folder = run
            stack.enter_context(taking.taken(pathlib.Path(folder)))
            evaluating.check_layout(detector.config)
            return detector.evaluate_in(pathlib.Path(folder))

    def evaluate_in(self, directory: pathlib.Path) -> dict:
        """`evaluate` in a folder that is taken; it tells the results. All processes do it together."""
        members = group.by_all(lambda: loading.opened_in(self._arguments, self.members, directory))
        with taking.taken_members(directory, self.config.detector.members):
            return evaluating.evaluate(self.config, members, directory)

    def export(
        self, folder: str | os.PathLike, format: str = EXPORT_FORMATS[0], progress: bool = False
    ) -> list[str]:
        """Exports it as programs that score and watch without this package's models, with a loader.

        `vpn_anomaly.load` takes the folder, too, to score and watch.

        Args:
            folder: new or empty.
            format: "stablehlo", or "onnx" (which needs jax2onnx).
            progress: whether to print how far a calibration is that has to be made.

        Returns:
            lines that say what was written, and how far its scores are from the package's.

        UserError if it cannot be written, or scores otherwise than the package; then nothing is left.
        """
        from vpn_anomaly.export import writing

        check_export_format(format)
        loading.check_has_weights(self._arguments, self.members)
        with telling(progress):
            return writing.write(self.config, self.members, pathlib.Path(folder), format)

    def _on(self, fields: Mapping[str, object]) -> "Detector":
        """The same with other data."""
        arguments = self._arguments
        config, overrides = applied(of_values(fields), arguments.config)
        return Detector(
            dataclasses.replace(arguments, config=config, overrides={**arguments.overrides, **overrides})
        )

    @property
    def _of_sequences(self) -> TrainedMember:
        """The member that scores sequences. UserError if there is none."""
        found = [member for member in self.members if member.name in WITHOUT_PREFIX]
        if not found:
            raise loading.no_motion(self.config.detector.members)
        system_named(found[0].config.system).check_sequences()
        return found[0]

    @functools.cached_property
    def _clip_scorer(self) -> ClipScorer:
        member = self._of_sequences
        return member.trained.scorer(member.config)

    @property
    def _normal(self) -> Calibration:
        with self._calibrating:
            return self._calibration

    @functools.cached_property
    def _calibration(self) -> Calibration:
        member = self._of_sequences
        return normal_sequences(member.trained, self._clip_scorer, build_score_settings(member.config))
