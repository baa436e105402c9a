"""Result files of a sweep: NAME/ROW/seedN.json, and the scores of every sequence in seedN.npz beside it.

The .json holds the run's results.json plus "name" (the row) and "seed"; it is written last. The .npz holds
arrays (N,), float32, named normal/SCORE and CORRUPTION/SCORE.
"""

import pathlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.storage import config_changes, workdir

# Everything that reading a truncated or altered .npz can raise.
BROKEN_SCORES = (
    AttributeError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def store(
    folder: pathlib.Path, results: Mapping, row: str, seed: int, path: pathlib.Path, wanted: Sequence[str]
) -> None:
    """Stores the results and the wanted scores of a finished run.

    Args:
        folder: the run folder; `results` is the content of its results.json.
        path: seedN.json; seedN.npz is written first. Both writes are atomic.

    Raises:
        UserError: scores.npz is broken or lacks wanted scores, or a file cannot be written.
    """
    source = folder / "scores.npz"
    kept = {
        name: array.astype(np.float32)
        for name, array in _whole_scores(source).items()
        if name.partition("/")[2] in wanted
    }
    if not _is_whole(kept, results):
        raise UserError(
            f"{source} is broken or lacks {', '.join(wanted)}; delete "
            f"{folder / 'results.json'}, so that the run is evaluated again"
        )
    with output_files.storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    output_files.write_atomically(path.with_suffix(".npz"), lambda file: np.savez_compressed(file, **kept))
    workdir.write_json(path, {**results, "name": row, "seed": seed})


def is_stored(path: pathlib.Path, row: str, seed: int, config: ConfigDict) -> bool:
    """Whether seedN.json (`path`) and seedN.npz exist, are intact, and belong to exactly this config.

    A field missing from the stored config was added after the run, and counts as its default.

    Raises:
        UserError: results of another config are stored; the message names the fields.
    """
    results = workdir.read_json(path)
    if results is None or not isinstance(results.get("config"), dict):
        return False
    changes = config_changes.describe_differences(results["config"], config)
    if changes:
        raise UserError(
            f"{path} holds results of another config: {changes}; use another --results, or delete that file"
        )
    return (
        (results.get("name"), results.get("seed")) == (row, seed)
        and isinstance(results.get("corruptions"), dict)
        and _is_whole(_whole_scores(path.with_suffix(".npz")), results)
    )


def _is_whole(arrays: Mapping[str, np.ndarray], results: Mapping) -> bool:
    """Whether all groups of sequences have the same non-empty set of scores."""
    groups = {group: set() for group in ("normal", *results["corruptions"])}
    for name, array in arrays.items():
        group, _, score = name.partition("/")
        if array.ndim == 1 and len(array):
            groups.setdefault(group, set()).add(score)
    first = groups["normal"]
    return bool(first) and all(scores == first for scores in groups.values())


def read_scores(path: pathlib.Path) -> dict[str, np.ndarray]:
    """All arrays of a .npz by name, with checksums verified. Raises one of BROKEN_SCORES."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _whole_scores(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The same; empty if the file is missing or broken."""
    try:
        return read_scores(path)
    except BROKEN_SCORES:
        return {}
