"""Scores of normal sequences or frames, stored beside the weights that gave them: FOLDER/NAME.npz.

    record          JSON: what the scores were made with, and a checksum of every array
    score/NAME      scores of one name, (N,) each

What they were made with (the step, the masks, how many sequences, …) is all that a score depends on;
which scores there are, the arrays tell.
"""

import json
import logging
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from vpn_anomaly.data import array_files
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.files import checksums, json_reading, output_files

CLIPS, STREAM = "calibration", "watch_calibration"  # names of files: of clips, of frames of a stream
MOST_SCORES = MemoryLimit("a calibration", 1.0)  # that is read; a larger one counts as damaged
_SCORE = "score/"
_UNCOMPARED = "scores"  # an entry of older records that the arrays say as well
_log = logging.getLogger(__name__)


def path(folder: pathlib.Path, name: str = CLIPS) -> pathlib.Path:
    """Where the scores of this name are."""
    return folder / f"{name}.npz"


def save(
    folder: pathlib.Path, made_with: Mapping, scores: Mapping[str, np.ndarray], name: str = CLIPS
) -> None:
    """Stores the scores, (N,) each. `made_with`: plain JSON. Raises UserError where the disk refuses."""
    arrays = {score: np.asarray(array) for score, array in scores.items()}
    record = checksums.with_checksum(
        json_reading.as_read({"made_with": dict(made_with), "arrays": checksums.of_arrays(arrays)})
    )
    with output_files.storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    output_files.write_atomically(
        path(folder, name),
        lambda file: np.savez(
            file,
            record=np.array(json.dumps(record)),
            **{f"{_SCORE}{score}": array for score, array in arrays.items()},  # type: ignore[arg-type]
        ),
    )


def load(
    folder: pathlib.Path, made_with: Mapping, needed: Iterable[str] = (), name: str = CLIPS
) -> dict[str, np.ndarray] | None:
    """All scores that are stored, made with just this; None where one that is needed is missing.

    Damaged ones count as none, with a logged warning: they can be made again.
    """
    file = path(folder, name)
    if not file.exists():
        return None
    try:
        with array_files.open_archive(file) as archive:
            stored = archive.read_all(lambda size: MOST_SCORES.check(file, size))
        record = json.loads(stored.pop("record").item())
        arrays = {entry.removeprefix(_SCORE): array for entry, array in stored.items()}
        damage = (
            checksums.record_problem(record, {"made_with": dict, "arrays": dict})
            or checksums.array_problem(arrays, record["arrays"])
            or _no_scores(arrays)
        )
    except Exception as error:  # numpy, zipfile and json have many ways to fail on damaged bytes
        damage = type(error).__name__
    if damage:
        _log.warning("%s is damaged (%s); calibration is made again", file, damage)
        return None
    recorded = {key: value for key, value in record["made_with"].items() if key != _UNCOMPARED}
    if recorded != json_reading.as_read(dict(made_with)) or not arrays.keys() >= set(needed):
        return None
    return arrays


def _no_scores(arrays: Mapping[str, np.ndarray]) -> str | None:
    """Which of the arrays has no scores of normal sequences, in words."""
    for name, array in arrays.items():
        if array.ndim != 1 or not array.size or array.dtype.kind != "f" or np.isnan(array).any():
            return f"{name} has no scores"
    return None if arrays else "there are no scores"
