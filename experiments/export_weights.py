"""Exports the weights of a finished run as three files, for evaluation and scoring without the run.

    python -m experiments.export_weights --workdir=runs/cpu --output=vpn_anomaly/pretrained --dtype=float16

The format is described in vpn_anomaly/storage/exported_weights.py; `--checkpoint=FOLDER` loads the files.
A detector with members is a folder of them with one folder per member.
float16 halves their size; the calibration is then repeated with the rounded weights, on the run's validation
sequences. With float32, the calibration that --mode=watch computed from normal footage is exported too, so that
watching does not need the footage.
"""

import pathlib
import shutil
import sys
from collections.abc import Mapping

import numpy as np
from ml_collections import ConfigDict

from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly import config as configuration
from vpn_anomaly import members
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.scoring.clip_calibration import made_with, normal_clip_scores
from vpn_anomaly.scoring.scores import score_names
from vpn_anomaly.scoring.trained_model import TrainedModel, trained_run
from vpn_anomaly.storage import (
    calibration_file,
    exported_weights,
    named_arrays,
    overwriting,
    results_file,
    workdir,
)
from vpn_anomaly.systems.build import build_system

COMPARED = 8  # number of validation sequences on which float16 weights are compared, at most


def export(directory: pathlib.Path, output: pathlib.Path, dtype: str) -> list[str]:
    """Exports the run in `directory`; every member of a detector to a folder of its own.

    Returns:
        lines that report file sizes and, for float16, how much rounding changes the scores of a few
        validation sequences.

    Raises:
        UserError: the run is not finished, float16 cannot represent a weight, a file cannot be written, or
            files of the run would be overwritten.
    """
    config, results = _finished(directory)
    if not config.detector.members:
        _check_output(directory, output)
        return _export_model(config, results, directory, output, dtype)
    resolved = {name: _stored_config(directory / name) for name in config.detector.members}
    for name in resolved:
        _check_output(directory / name, output / name)
    output_files.check_outputs_in(output, exported_weights.ABOUT)
    lines = []
    for name, member in resolved.items():
        of_member = {**results, **results["members"][name], "config": configuration.as_dict(member)}
        lines.append(f"member {name}:")
        lines += _export_model(member, of_member, directory / name, output / name, dtype)
    whole = members.with_resolved(config, resolved)
    exported_weights.write_detector(output, configuration.as_dict(whole), resolved)
    return lines


def _export_model(
    config: ConfigDict, results: Mapping, directory: pathlib.Path, output: pathlib.Path, dtype: str
) -> list[str]:
    """Exports a single model, of a run in `directory` with these results; returns lines about it."""
    trained = trained_run(config, directory)
    if trained.metadata["step"] != results["steps"]:
        raise UserError(
            f"{directory}: the last whole checkpoint is of step "
            f"{trained.metadata['step']}, but the results are of step "
            f"{results['steps']}; evaluate again with --mode=evaluate"
        )
    weights = named_arrays.host_arrays(trained.params)
    rounded = {name: cast(name, array, dtype) for name, array in weights.items()}
    calibrates = not system_named(config.system).fits  # by sequences; else every clip of the footage does
    scores, lines = _clip_scores(config, trained, rounded, directory, dtype) if calibrates else ({}, [])
    with output_files.storing(output):
        output.mkdir(parents=True, exist_ok=True)
        calibration_file.path(output).unlink(missing_ok=True)  # it may belong to other weights
    if calibrates:
        calibration_file.save(output, _made_with(config, trained), scores)
    exported_weights.write(output, rounded, _about(trained, results))
    lines += _copied_watch_calibration(directory / "checkpoints", output, dtype)
    names = (exported_weights.WEIGHTS, exported_weights.CALIBRATION, exported_weights.ABOUT)
    sizes = [
        f"{name}: {(output / name).stat().st_size:,} bytes"
        for name in names
        if calibrates or name != exported_weights.CALIBRATION
    ]
    count = sum(array.size for array in rounded.values())
    return [*sizes, f"{count:,} parameters as {dtype}, step {results['steps']}", *lines]


def _clip_scores(
    config, trained: TrainedModel, rounded: Mapping[str, np.ndarray], directory: pathlib.Path, dtype: str
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The scores of normal validation sequences by the exported weights, and lines about them.

    UserError if the run in the directory has none.
    """
    scores = trained.stored_scores(_made_with(config, trained), score_names(build_system(config)))
    if scores is None:
        raise UserError(f"{directory} has no calibration of its results; evaluate again with --mode=evaluate")
    return (scores, []) if dtype == "float32" else _with_rounded(config, trained, rounded)


def _made_with(config, trained: TrainedModel) -> dict:
    return made_with(trained, trained.scorer(config), config.evaluate.calibration_sequences)


def _check_output(directory: pathlib.Path, output: pathlib.Path) -> None:
    """Raises UserError if the files cannot be written, or would overwrite files of the run."""
    watch = calibration_file.path(output, calibration_file.STREAM).name
    names = (exported_weights.WEIGHTS, exported_weights.CALIBRATION, exported_weights.ABOUT, watch)
    overwriting.check_not_overwritten(
        {f"{output / name} of --output": output / name for name in names},
        overwriting.weights(directory, None),
    )
    output_files.check_outputs_in(output, *names)


def _finished(directory: pathlib.Path) -> tuple[ConfigDict, dict]:
    """The config and results of a finished run. UserError if the run is missing or not finished."""
    path = directory / "results.json"
    results = results_file.read_results(directory)
    if results is None or not isinstance(results.get("config"), dict):
        raise UserError(f"there are no results in {path}; give the --workdir of a finished run")
    config = exported_weights.stored_config(results["config"], path)
    workdir.open_trained(directory, config)
    if results_file.finished_results(directory, config) is None:
        done = f"has done {results.get('steps')} of {config.train.steps} steps"
        if config.detector.members:
            done = "has not trained all steps of its members"
        raise UserError(f"{directory} {done}; train to the end first")
    return config, results


def _stored_config(directory: pathlib.Path) -> ConfigDict:
    """The config of a run. UserError if there is none."""
    return exported_weights.stored_config(workdir.check_trained(directory), directory)


def cast(name: str, array: np.ndarray, dtype: str) -> np.ndarray:
    """The array converted to the dtype; whole numbers stay as they are. UserError if a value overflows."""
    if not np.issubdtype(array.dtype, np.floating):
        return array
    with np.errstate(over="ignore"):  # reported below
        rounded = array.astype(dtype)
    if not np.isfinite(rounded).all():
        raise UserError(f"the array {name} has values that {dtype} cannot hold; use --dtype=float32")
    return rounded


def _with_rounded(
    config, trained: TrainedModel, rounded: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The calibration scores of the rounded weights, and lines that report how scores change."""
    source = build_source(config.data)
    as_loaded = exported_weights.as_float32(rounded)
    params = named_arrays.like(trained.params, as_loaded)
    scorer = TrainedModel(params, trained.metadata, (), None).scorer(config)
    after = normal_clip_scores(scorer, source, config.evaluate.calibration_sequences)
    count = min(COMPARED, config.evaluate.calibration_sequences)
    clips = evaluation_clips(source, "validation", count).clip
    before = trained.scorer(config).scores(clips, clips.shape[1] - 1)
    lines = [f"largest change of a score by rounding, {count} validation sequences:"]
    for name, score_N in before.items():
        change = np.abs(after[name][:count] - score_N).max()
        lines.append(f"  {name:<14}{change:.3g} (scores from {score_N.min():.4g} to {score_N.max():.4g})")
    return after, lines


def _copied_watch_calibration(run: pathlib.Path, output: pathlib.Path, dtype: str) -> list[str]:
    """Copies the calibration of --mode=watch, if there is one; returns lines that report it."""
    stored, copy = (calibration_file.path(folder, calibration_file.STREAM) for folder in (run, output))
    with output_files.storing(copy):
        copy.unlink(missing_ok=True)  # it may belong to other weights
        if not stored.exists():
            return []
        if dtype != "float32":
            return [
                f"{stored.name} belongs to the unrounded weights and is left out: watching with these"
                " needs the normal footage"
            ]
        shutil.copyfile(stored, copy)
    return [f"{copy.name}: {copy.stat().st_size:,} bytes"]


def _about(trained: TrainedModel, results: Mapping) -> dict:
    """Content of about.json: config, training and provenance."""
    return {
        "config": results["config"],
        **{name: trained.metadata[name] for name in ("step", "sequences_seen", "wall_seconds")},
        **{name: results[name] for name in ("commit", "hardware")},
    }


@entry_point
def main(argv=None) -> int:
    """Exports one run and prints what was written. Exit code 2: an error."""
    parser = Parser("export_weights", __doc__)
    parser.add_argument("--workdir", required=True, type=file_path, help="a finished run")
    parser.add_argument("--output", required=True, type=file_path, help="folder to write")
    parser.add_argument(
        "--dtype", choices=exported_weights.DTYPES, default="float32", help="dtype of the stored weights"
    )
    arguments = parser.parse_args(argv)
    lines = export(arguments.workdir, arguments.output, arguments.dtype)
    print(f"wrote {arguments.output}", *lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
