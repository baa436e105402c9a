"""A process that watches copies of a film at once when it is told to; `cameras.py` starts it.

    python -m experiments.benchmarks.camera_process --film=FILM --streams=N

Answers in lines of JSON: first when all is compiled, then after every line `STREAMS FRAMES` of its input, when so
many streams have been watched for so many frames each. Ends with its input.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence

from experiments.benchmarks.made_watch import MadeMonitors, resident_bytes
from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.stop_request import StopRequest
from vpn_anomaly.watching.tally import Tally
from vpn_anomaly.watching.together import Together


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Answers until the input ends."""
    arguments = _arguments(argv)
    monitors = MadeMonitors(arguments.film)
    monitors.compile(arguments.streams)
    _answer({"resident": resident_bytes()})
    for line in sys.stdin:
        streams, frames = map(int, line.split())
        _answer(_watched(monitors, streams, frames))
    return 0


def _watched(monitors: MadeMonitors, streams: int, frames: int) -> dict:
    tally = Tally([], streams * frames, StopRequest())
    names = [f"camera {number}" for number in range(streams)]
    start, processor = time.perf_counter(), time.process_time()
    Together(monitors, tally).watch([str(monitors.film)] * streams, names)
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "frames": tally.frames,
        "resident": resident_bytes(),
    }


def _answer(record: dict) -> None:
    print(f"\n{json.dumps(record)}", flush=True)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser("benchmarks.camera_process", __doc__)
    parser.add_argument("--film", type=file_path, required=True)
    parser.add_argument("--streams", type=int, required=True)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
