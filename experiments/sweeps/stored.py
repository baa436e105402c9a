"""Results that a sweep keeps: NAME/ROW/seedN.json, and every sequence's scores in seedN.npz beside it.

The .json is results.json with "name" (the row) and "seed"; it is written last. The .npz has arrays
(N,), float32, named normal/SCORE and CORRUPTION/SCORE.
"""

import pathlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir

# What reading a cut or altered .npz can raise.
_BROKEN = (
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
    folder: pathlib.Path, results: Mapping, row: str, seed: int, place: pathlib.Path, wanted: Sequence[str]
) -> None:
    """Keeps a finished run's results and those of its scores that are wanted.

    Args:
        folder: where the run lives; `results` is the content of its results.json.
        place: seedN.json; seedN.npz is written first, each in one piece.

    Raises UserError where scores.npz is broken or lacks what is wanted, or nothing can be written.
    """
    source = folder / "scores.npz"
    arrays = _read_scores(source)
    kept = {
        name: array.astype(np.float32)
        for name, array in (arrays or {}).items()
        if name.partition("/")[2] in wanted
    }
    if not _is_whole(kept, results):
        raise UserError(
            f"{source} is broken or lacks {', '.join(wanted)}; delete "
            f"{folder / 'results.json'}, so that the run is evaluated again"
        )
    with workdir.storing(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
    workdir.write_atomically(place.with_suffix(".npz"), lambda file: np.savez_compressed(file, **kept))
    workdir.write_json(place, {**results, "name": row, "seed": seed})


def is_stored(place: pathlib.Path, row: str, seed: int, config: ConfigDict) -> bool:
    """Whether seedN.json and seedN.npz are there, whole, and of this very config.

    A field that the stored config lacks counts as its default: it is newer than the results.

    Raises UserError, naming the fields, where results of another config are stored.
    """
    results = workdir.read_json(place)
    if results is None or not isinstance(results.get("config"), dict):
        return False
    changes = workdir.differences_in_words(results["config"], config)
    if changes:
        raise UserError(
            f"{place} holds results of another config: {changes}; use another --results, or delete that file"
        )
    return (
        (results.get("name"), results.get("seed")) == (row, seed)
        and isinstance(results.get("corruptions"), dict)
        and _is_whole(_read_scores(place.with_suffix(".npz")) or {}, results)
    )


def _is_whole(arrays: Mapping[str, np.ndarray], results: Mapping) -> bool:
    """Whether every group of sequences has the same scores, one or more, of every sequence."""
    groups = {group: set() for group in ("normal", *results["corruptions"])}
    for name, array in arrays.items():
        group, _, score = name.partition("/")
        if array.ndim == 1 and len(array):
            groups.setdefault(group, set()).add(score)
    first = groups["normal"]
    return bool(first) and all(scores == first for scores in groups.values())


def _read_scores(path: pathlib.Path) -> dict[str, np.ndarray] | None:
    """All arrays of a .npz, whose checksums hold; None where it is missing or broken."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except _BROKEN:
        return None
