"""Evaluates the output of --mode=watch on a synthetic test video against its ground truth.

    python -m experiments.watch_score --world=DIR --scores scores.csv … --events events.jsonl …
        [--output=FILE.json]

DIR was written by experiments/synthetic/conveyor.py or footage.py; the other files by --mode=watch on
DIR/test.mkv, with one or several models or detectors, whose events are pooled; what each member of a detector
finds is counted as well. A defect counts as found if an event overlaps
its frames or the frames just after: a motion of the belt has an effect until the model's context has passed. An
event that overlaps neither is a false alarm. AUROC is computed over frames, without those just after a defect
and those without scores. It includes two baseline scores on the same frames, and `least_p`: minus the logarithm
of the smallest p-value over all kinds of event, members and models.
"""

import json
import pathlib
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation.metrics import auroc
from vpn_anomaly.files import output_files
from vpn_anomaly.files.csv_text import read_rows
from vpn_anomaly.scoring.baselines import video_baseline_scores
from vpn_anomaly.storage import overwriting, workdir
from vpn_anomaly.text.printable_line import printable_line

AFTER = 10  # frames after a defect that count as neither normal nor anomalous
NOT_SCORES = ("source", "frame", "time")  # columns of a scores file
P_VALUE = "p_"  # prefix of the columns of p-values


def compare(truth: Mapping, scores: Mapping[str, np.ndarray], events: Sequence[Mapping]) -> dict:
    """Defects found by kind, false alarms, and the AUROC of every score.

    Args:
        truth: content of truth.json.
        scores: score per frame, (T,) by name; NaN for frames without one.
        events: the last record of every event. Where some are of members of a detector, what each member
            found is in `members`.
    """
    label_T = frame_labels(truth)
    by_member: dict[str, list[Mapping]] = {}
    for event in events:
        if "member" in event:
            by_member.setdefault(event["member"], []).append(event)
    return {
        **_found(truth, label_T, events),
        "normal_minutes": float((label_T == 0).sum()) / truth["rate"] / 60,
        **(
            {"members": {name: _found(truth, label_T, of) for name, of in by_member.items()}}
            if by_member
            else {}
        ),
        "auroc": {name: _auroc(label_T, score_T) for name, score_T in scores.items()},
    }


def _found(truth: Mapping, label_T: np.ndarray, events: Sequence[Mapping]) -> dict:
    """The defects that these events find, by kind, and how many of the events are false alarms."""
    spans = [(event["start_frame"], event["end_frame"] + 1) for event in events]
    found = {}
    for defect in truth["defects"]:
        count = found.setdefault(defect["kind"], {"found": 0, "of": 0})
        count["of"] += 1
        count["found"] += any(start < defect["end"] + AFTER and end > defect["first"] for start, end in spans)
    return {
        "defects": found,
        "false_alarms": sum(bool((label_T[start:end] == 0).all()) for start, end in spans),
    }


def frame_labels(truth: Mapping) -> np.ndarray:
    """1 for frames with a visible defect, −1 just after one, 0 for normal frames; int (T,)."""
    label_T = np.zeros(truth["frames"], int)
    for defect in truth["defects"]:
        label_T[defect["end"] : defect["end"] + AFTER] = -1
    for defect in truth["defects"]:
        label_T[defect["first"] : defect["end"]] = 1
    return label_T


def baseline_scores(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Scores of every frame relative to the previous frame, (T,) by name; NaN for the first."""
    with open_video(str(path), VideoSettings()) as video:
        frame_TxHxWxC = np.stack([frame.image for frame in video])
    scores = video_baseline_scores(frame_TxHxWxC[1:], frame_TxHxWxC[:-1])
    return {name: np.append(np.nan, score_T) for name, score_T in scores.items()}


def _auroc(label_T, score_T) -> float | None:
    scored = np.isfinite(score_T)
    return auroc(score_T[scored & (label_T == 0)], score_T[scored & (label_T == 1)])


def read_scores(path: pathlib.Path, frames: int) -> dict[str, np.ndarray]:
    """Scores and p-values in a .csv file of --mode=watch, (T,) by name; NaN for missing values."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(read_rows(file))
        names = [name for name in rows[0] if name not in NOT_SCORES]
        scores = {name: np.full(frames, np.nan) for name in names}
        for row in rows:
            for name in names:
                scores[name][int(row["frame"])] = float(row[name] or "nan")
        return scores
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror})") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise UserError(
            f"{path}: not the scores of these {frames} frames; give the --scores=….csv"
            " that --mode=watch wrote of the world's test.mkv"
        ) from error


def combined(files: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The scores of all files and `least_p`, (T,) each.

    Args:
        files: results of `read_scores` by file name; with several files, the name prefixes the scores.
    """
    several = len(files) > 1
    scores = {
        f"{file}/{name}" if several else name: score_T
        for file, of in files.items()
        for name, score_T in of.items()
        if not name.startswith(P_VALUE)
    }
    p = [score_T for of in files.values() for name, score_T in of.items() if name.startswith(P_VALUE)]
    if p:
        scores["least_p"] = -np.log(np.maximum(np.fmin.reduce(p), np.finfo(float).tiny))
    return scores


def read_events(path: pathlib.Path) -> list[dict]:
    """The last record of every event in a .jsonl file of --mode=watch."""
    try:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return list({(record["source"], record["event"]): record for record in records}.values())
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not the --events=….jsonl of --mode=watch") from error


def report(result: Mapping) -> str:
    """The comparison as lines of text."""
    lines = [
        f"{kind:<16} {one['found']} of {one['of']} found" for kind, one in sorted(result["defects"].items())
    ]
    lines.append(
        f"{result['false_alarms']} false alarms in {result['normal_minutes']:.1f} minutes of normal video"
    )
    for name, one in result.get("members", {}).items():
        found = sum(of_kind["found"] for of_kind in one["defects"].values())
        lines.append(f"member {name}: {found} found, {one['false_alarms']} false alarms")
    lines += [
        f"{name:<28} frame AUROC {value:.3f}" for name, value in result["auroc"].items() if value is not None
    ]
    return "\n".join(map(printable_line, lines))


def _check_output(arguments) -> None:
    """Raises UserError if the output cannot be written, or would replace an input."""
    inputs = [
        arguments.world / "truth.json",
        arguments.world / "test.mkv",
        *arguments.scores,
        *arguments.events,
    ]
    overwriting.check_not_overwritten(
        {f"--output={arguments.output}": arguments.output}, [overwriting.Files("the comparison", inputs)]
    )
    output_files.check_output(arguments.output)


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints the comparison and stores it. Exit code 2: an error."""
    parser = Parser("watch_score", __doc__)
    parser.add_argument("--world", required=True, type=file_path, metavar="DIR")
    for name, ending in (("scores", "csv"), ("events", "jsonl")):
        parser.add_argument(f"--{name}", required=True, type=file_path, nargs="+", metavar=f"FILE.{ending}")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    truth = workdir.read_json(arguments.world / "truth.json")
    if truth is None:
        raise UserError(
            f"{arguments.world} has no truth.json that can be read; give a folder that"
            " experiments.synthetic.conveyor or experiments.synthetic.footage wrote"
        )
    if arguments.output is not None:
        _check_output(arguments)
    files = {path.stem: read_scores(path, truth["frames"]) for path in arguments.scores}
    if len(files) < len(arguments.scores):
        raise UserError("--scores has two files of the same name; the names identify the models")
    scores = combined(files) | baseline_scores(arguments.world / "test.mkv")
    events = [event for path in arguments.events for event in read_events(path)]
    result = compare(truth, scores, events)
    print(report(result))
    if arguments.output is not None:
        workdir.write_json(arguments.output, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
