"""Files of sequence scores: CSV or JSONL with a row per frame, CSV on standard output, maps as .npz."""

import pathlib
from collections.abc import Iterator

import numpy as np

from vpn_anomaly.files import output_files
from vpn_anomaly.files.rows import RowFormat, rows_text, write_rows
from vpn_anomaly.scoring.sequence_scores import SequenceScores


def write_scores(path: pathlib.Path, found: SequenceScores) -> None:
    """Writes a .csv or .jsonl with columns sequence, frame, and the scores. UserError if that fails."""
    write_rows(path, list(_rows(found)))


def print_scores(found: SequenceScores) -> None:
    """Prints the same as CSV."""
    rows = list(_rows(found))
    print(rows_text(RowFormat(pathlib.Path("standard_output.csv"), [*rows[0]]), rows), end="", flush=True)


def write_maps(path: pathlib.Path, found: SequenceScores) -> None:
    """Writes a .npz: one array (rows of the scores, H, W) per map name, and `shown` (M, H, W).

    UserError if that fails.
    """
    assert found.maps is not None, "they were asked for"
    arrays = {
        name: map_NxGxHxW.reshape(-1, *map_NxGxHxW.shape[2:]) for name, map_NxGxHxW in found.maps.items()
    }
    output_files.write_atomically(path, lambda file: np.savez(file, **arrays, shown=found.shown))  # type: ignore[arg-type]


def _rows(found: SequenceScores) -> Iterator[dict]:
    """One dict per sequence and frame, in the order of the columns."""
    for sequence in range(len(next(iter(found.scores.values())))):
        for column, frame in enumerate(found.frames):
            values = {name: float(score_NxG[sequence, column]) for name, score_NxG in found.scores.items()}
            yield {"sequence": sequence, "frame": frame, **values}
