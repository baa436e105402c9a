"""Draws the maps of several systems side by side, for one test sequence, normal and corrupted.

    python -m experiments.systems_figure --workdir=runs/paper_table
        [--sweep=experiments/definitions/paper_table.py]
        [--rows=ROW,...] [--seed=0] [--index=N] [--output=docs/systems.png]

A row of panels for the uncorrupted sequence and for each corruption; a column per system, with its tail
surprise if it predicts distributions, else its squared error. All runs have to be trained already
(experiments/sweep.py). N is the index of a test sequence; default: the first corrupted one.
"""

import pathlib
import sys
from collections.abc import Sequence

import numpy as np

from experiments.command_line import PAPER_TABLE, Parser, entry_point, file_path, names_in
from experiments.sweeps.definition import load_definition, run_config
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.lattice import shown
from vpn_anomaly.data.pipeline import clips_at
from vpn_anomaly.files import output_files
from vpn_anomaly.report.map_rows import MAPS
from vpn_anomaly.report.surprise_figure import Scene, surprise_figure
from vpn_anomaly.scoring.trained_model import trained_run

CORRUPTIONS = ("temporal", "spatial", "both")
PREFERRED_MAPS = ("tail", "error")  # the map of a system is the first of these that it has


def labelled_clips(config, index: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Labels, clips (N, T, H, W, C) and changed pixels (N, H, W): normal, then every corruption."""
    source = build_source(config.data)
    rows = [clips_at(source, "test", [index], kind) for kind in (None, *CORRUPTIONS)]
    clips, changed = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
    return ["normal", *CORRUPTIONS], clips, changed


def systems_figure(path: pathlib.Path, runs: dict[str, tuple], index: int) -> None:
    """Draws the runs, (config, directory) by label; all have the same frame size and lattice."""
    config, _ = next(iter(runs.values()))
    labels, clips, changed = labelled_clips(config, index)
    last, maps, rows, counted = clips.shape[1] - 1, {}, {}, None
    for label, (config, directory) in runs.items():
        scorer = trained_run(config, directory).scorer(config)
        batches = [maps for _, maps in scorer.batches(clips, (last,))]
        name = next(name for name in PREFERRED_MAPS if name in batches[0].value)
        maps[label] = np.concatenate([batch.value[name][:, 0] for batch in batches])
        counted = np.concatenate([batch.counted[:, 0] for batch in batches])
        rows[label] = MAPS[name]._replace(title=label)
    shown_HxW = shown(*clips.shape[2:4], scorer.shift_Mx2[0], config.data.lattice)
    scenes = [
        Scene(
            label,
            clips[row],
            shown_HxW,
            counted[row],
            {name: map_NxHxW[row] for name, map_NxHxW in maps.items()},
            changed[row],
        )
        for row, label in enumerate(labels)
    ]
    with output_files.storing(path):
        surprise_figure(path, scenes, context=(0, last - 1), rows=rows)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Draws one figure. Exit code 2: an error."""
    parser = Parser("systems_figure", __doc__)
    parser.add_argument("--workdir", required=True, type=file_path, help="of the sweep")
    parser.add_argument("--sweep", type=file_path, default=PAPER_TABLE, metavar="FILE")
    parser.add_argument("--rows", metavar="ROW,...", help="default: all rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", type=int, help="index of a test sequence")
    parser.add_argument("--output", type=file_path, default=pathlib.Path("docs/systems.png"))
    arguments = parser.parse_args(argv)
    definition = load_definition(arguments.sweep)
    rows = list(definition.runs)
    if arguments.rows:
        rows = names_in(arguments.rows, definition.runs, "--rows", "row")
    runs = {
        definition.table.label(row): (
            run_config(definition, row, arguments.seed),
            arguments.workdir / row / f"seed{arguments.seed}",
        )
        for row in rows
    }
    index = arguments.index
    if index is None:
        evaluate = next(iter(runs.values()))[0].evaluate
        index = evaluate.first_sequence + evaluate.sequences
    output_files.check_output(arguments.output)
    systems_figure(arguments.output, runs, index)
    print(f"{arguments.output}: test sequence {index}, {', '.join(runs)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
