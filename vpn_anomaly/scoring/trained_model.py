"""A trained model, from a run or an export; evaluation and scoring do not depend on which."""

import dataclasses
import functools
import logging
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from vpn_anomaly.data import memory_limit
from vpn_anomaly.distributed import group
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import checksums
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.scoring.clip_scorer import ClipScorer, build_scorer
from vpn_anomaly.storage import calibration_file, checkpoints, exported_weights, named_arrays
from vpn_anomaly.systems.build import build_system

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedModel:
    """Parameters, the metadata of their training, and where their calibration scores are stored.

    Attributes:
        params: the parameters of the system.
        metadata: `step`, `sequences_seen` and `wall_seconds` of the training, among others.
        calibrations: folders that may hold scores of normal data, in the order of search.
        new_calibration: folder for scores that had to be computed; None: they are not stored.
    """

    params: Any
    metadata: Mapping[str, Any]
    calibrations: tuple[pathlib.Path, ...]
    new_calibration: pathlib.Path | None

    @classmethod
    def in_run(cls, directory: pathlib.Path, params, metadata: Mapping) -> "TrainedModel":
        """The model of a run in the directory; its calibration is beside its checkpoints."""
        folder = directory / "checkpoints"
        return cls(params, metadata, (folder,), folder)

    def stored_scores(
        self, made_with: Mapping, needed: Iterable[str], name: str = calibration_file.CLIPS
    ) -> dict[str, np.ndarray] | None:
        """Stored scores of normal data by name, (N,); None: no folder has all that are needed.

        Args as `calibration_file.load` takes them after the folder.
        """
        for folder in self.calibrations:
            scores = calibration_file.load(folder, made_with, needed, name)
            if scores is not None:
                return scores
        return None

    def keep_calibration(
        self, made_with: Mapping, scores: Mapping[str, np.ndarray], name: str = calibration_file.CLIPS
    ) -> None:
        """Stores what `calibration_file.save` takes after the folder, where there is one.

        Where that cannot be written, one warning says so: it can be computed again. Of several processes the
        first one writes, the others wait for it.
        """
        if self.new_calibration is not None:
            group.by_first(functools.partial(self._keep, self.new_calibration, made_with, scores, name))

    def _keep(self, folder: pathlib.Path, made_with: Mapping, scores: Mapping, name: str) -> None:
        try:
            calibration_file.save(folder, made_with, scores, name)
        except UserError as error:
            _log.warning("the calibration is not kept: %s", error)

    def keeping_in(self, directory: pathlib.Path) -> "TrainedModel":
        """The same with calibrations that differ from the stored ones kept in a folder."""
        places = (*self.calibrations, directory)
        return dataclasses.replace(self, calibrations=places, new_calibration=directory)

    def scorer(self, config) -> ClipScorer:
        """The scorer that a configuration describes, with these parameters."""
        return build_scorer(config, build_system(config), self.params)


def trained_run(config, directory: pathlib.Path) -> TrainedModel:
    """The newest checkpoint of a run.

    UserError where nothing was trained, where no checkpoint is whole, and for a detector with members.
    """
    check_devices()
    if config.detector.members:
        names = config.detector.members
        raise UserError(
            f"{directory} holds a detector of {', '.join(names)}; give one of these, such as"
            f" {directory / names[0]}"
        )
    wanted = {"params": abstract_params(config)}
    restored = checkpoints.restore_latest(directory / "checkpoints", wanted, exported_weights.TRAINING)
    if restored is None:
        raise UserError(f"{directory} has no checkpoint: nothing was trained there; train first")
    state, metadata = restored
    return TrainedModel.in_run(directory, state["params"], metadata)


def trained_export(config, folder: pathlib.Path) -> TrainedModel:
    """An exported checkpoint (`storage/exported_weights.py`), such as the one in the package; it stays as it is.

    A calibration that differs from the exported one is kept nowhere, unless `keeping_in` says where.

    UserError where a file is missing or damaged, or for weights of another model.
    """
    about = exported_weights.read_about(folder)
    limit = memory_limit.for_sequences(config.score.max_gigabytes)
    weights, wanted = exported_weights.read_weights(folder, about, limit), abstract_params(config)
    difference = named_arrays.difference(checksums.of_arrays(weights), named_arrays.by_name(wanted))
    if difference:
        raise UserError(
            f"the checkpoint in {folder} is of another model: {difference}; use the version of the"
            f" package that it was made with (commit {about.get('commit')})"
        )
    exported_weights.check_training(folder, about)
    return TrainedModel(named_arrays.like(wanted, weights), about, (folder,), None)


def abstract_params(config):
    """The shapes of the parameters of a configuration's system."""
    data = config.data
    clip = jax.ShapeDtypeStruct((1, data.frames, data.height, data.width, data.channels), np.uint8)
    return jax.eval_shape(build_system(config).init, jax.random.key(0), clip)
