"""Scores of normal sequences or frames, stored next to the weights that produced them: FOLDER/NAME.npz.

    record          JSON: the settings that produced the scores, and a checksum of every array
    score/NAME      the scores called NAME, (N,); of streams also the number of each frame's clip, as score/clip

The settings (the step, the masks, the number of sequences, …) are everything that the scores depend on;
the names of the scores are given by the arrays.
"""

import json
import logging
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from vpn_anomaly.data import array_files
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.files import checksums, json_reading, output_files

CLIPS, STREAM = "calibration", "watch_calibration"  # file names: of clips, of the frames of a stream
MEMORY_LIMIT = MemoryLimit("a calibration", 1.0)  # when reading; a larger file counts as damaged
_SCORE = "score/"
_UNCOMPARED = "scores"  # an entry of older records, redundant with the names of the arrays
_log = logging.getLogger(__name__)


def path(folder: pathlib.Path, name: str = CLIPS) -> pathlib.Path:
    """The path of the file of this name."""
    return folder / f"{name}.npz"


def save(
    folder: pathlib.Path, made_with: Mapping, scores: Mapping[str, np.ndarray], name: str = CLIPS
) -> None:
    """Stores the scores, (N,) each. `made_with`: plain JSON. Raises UserError if writing fails."""
    arrays = {score: np.asarray(array) for score, array in scores.items()}
    record = checksums.with_checksum(
        json_reading.json_round_trip({"made_with": dict(made_with), "arrays": checksums.of_arrays(arrays)})
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
    """All stored scores if they were made with exactly these settings, else None; None if a needed one is missing.

    A damaged file counts as missing, with a logged warning: the scores can be recomputed.
    """
    file = path(folder, name)
    if not file.exists():
        return None
    try:
        with array_files.open_archive(file) as archive:
            stored = archive.read_all(lambda size: MEMORY_LIMIT.check(file, size))
        record = json.loads(stored.pop("record").item())
        arrays = {entry.removeprefix(_SCORE): array for entry, array in stored.items()}
        damage = (
            checksums.record_problem(record, {"made_with": dict, "arrays": dict})
            or checksums.array_problem(arrays, record["arrays"])
            or _no_scores(arrays)
        )
    except Exception as error:  # damaged bytes raise many kinds of exception in numpy, zipfile and json
        damage = type(error).__name__
    if damage:
        _log.warning("%s is damaged (%s); calibration is made again", file, damage)
        return None
    recorded = {key: value for key, value in record["made_with"].items() if key != _UNCOMPARED}
    if recorded != json_reading.json_round_trip(dict(made_with)) or not arrays.keys() >= set(needed):
        return None
    return arrays


def _no_scores(arrays: Mapping[str, np.ndarray]) -> str | None:
    """A description of the first array that holds no valid scores; None if all do."""
    for name, array in arrays.items():
        if array.ndim != 1 or not array.size or array.dtype.kind not in "fiu" or np.isnan(array).any():
            return f"{name} has no scores"
    return None if arrays else "there are no scores"
