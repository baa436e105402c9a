"""Times exports against the package: a frame of a stream, and a batch of sequences.

    python -m experiments.export_times --exports FOLDER … [--checkpoint=pretrained] [--rounds=9] [--output=FILE.json]

CHECKPOINT is `pretrained` or a folder written by experiments.export_weights; each FOLDER is an export of it
(--mode=export), run by the load_export.py in it. One of ONNX needs the environment of
experiments/onnx_environment.sh. A round takes each program once, so that a busy machine is as busy for all; the
times are medians over rounds, and the ratios medians of each round's. Rounds before there are scores do not count.
"""

import importlib.util
import itertools
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments import exported_models
from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.errors import UserError
from vpn_anomaly.export import parity
from vpn_anomaly.files import output_files
from vpn_anomaly.scoring.clip_scorer import ClipScorer
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.storage import exported_weights, provenance, workdir

PACKAGE = "package"


def programs(config, clips: ClipScorer, exports: Mapping[str, Any]) -> dict[str, dict[str, Callable]]:
    """For a frame of a stream and for a batch of sequences, by name: what scores the next one.

    Args:
        clips: the package's scorer of sequences.
        exports: `load_export.Export` by name.
    """
    size, batch = (config.data.height, config.data.width), clips.batch_size
    sequences = parity.compared_clips(config, parity.SEQUENCES)
    batches = [sequences[start : start + batch] for start in range(0, len(sequences) - batch + 1, batch)]
    frames = list(itertools.islice(parity.compared_frames(config, *size), parity.STREAMED))
    stream = StreamScorer(clips.system, clips.params, clips.shift_Mx2, *size)
    last = sequences.shape[1] - 1
    of_frame: dict[str, Callable] = {PACKAGE: _each(lambda frame: stream(frame).scores, frames)}
    of_batch: dict[str, Callable] = {PACKAGE: _each(lambda batch: clips.scores(batch, last), batches)}
    for name, export in exports.items():
        scores = export.stream(itertools.cycle(frames))
        of_frame[name] = lambda scores=scores: next(scores)
        of_batch[name] = _each(export.clips, batches)
    return {"frame": of_frame, "batch": of_batch}


def timed(of_kind: Mapping[str, Callable], rounds: int, warm_up: int) -> dict[str, dict[str, float]]:
    """By program `milliseconds`, and the `ratio` to the package's: medians of rounds after the warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in of_kind}
    for number in range(warm_up + rounds):
        for name, run in of_kind.items():
            start = time.perf_counter()
            run()
            if number >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    ratio = lambda name: statistics.median(
        one / other for one, other in zip(seconds[name], seconds[PACKAGE], strict=True)
    )
    return {
        name: {"milliseconds": 1e3 * statistics.median(found), "ratio": ratio(name)}
        for name, found in seconds.items()
    }


def _each(function: Callable, items: Sequence) -> Callable:
    """What calls the function with the next item."""
    endless = itertools.cycle(items)
    return lambda: function(next(endless))


def _opened(folder: pathlib.Path):
    """The `Export` that the loader in a folder makes. UserError where there is none."""
    path = folder / "load_export.py"
    spec = importlib.util.spec_from_file_location("load_export", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UserError(f"{folder} is no export; make one with --mode=export --output={folder}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Export(folder)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints and writes the times. Exit code 2: an error in the request."""
    parser = Parser("export_times", __doc__)
    parser.add_argument("--exports", nargs="+", required=True, type=file_path, metavar="FOLDER")
    parser.add_argument("--checkpoint", default=exported_weights.PRETRAINED, metavar="pretrained|DIR")
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1:
        parser.error(f"--rounds={arguments.rounds}: give 1 or more")
    if arguments.output:
        output_files.check_output(arguments.output)
    exports = {export.about["format"]: export for export in map(_opened, arguments.exports)}
    config = exported_models.stored_config(arguments.checkpoint)
    scorer = exported_models.model(arguments.checkpoint, config).scorer(config)
    warm_up = {
        "frame": scorer.system.first_frame + 1,
        "batch": 1,
    }  # until there are scores; the first compiles
    found = {
        kind: timed(of_kind, arguments.rounds, warm_up[kind])
        for kind, of_kind in programs(config, scorer, exports).items()
    }
    for kind, times in found.items():
        for name, row in times.items():
            print(f"{kind:<7}{name:<11}{row['milliseconds']:>9.1f} ms, {row['ratio']:.2f} times the package")
    if arguments.output:
        about = {"checkpoint": arguments.checkpoint, "rounds": arguments.rounds}
        about |= {"sequences_in_a_batch": scorer.batch_size, "times": found}
        workdir.write_json(arguments.output, about | provenance.of_this_process())
    return 0


if __name__ == "__main__":
    sys.exit(main())
