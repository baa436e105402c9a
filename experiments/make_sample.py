"""Writes the sequences that come with the package: 8 normal ones, and 8 of which the last frame is corrupted.

    python -m experiments.make_sample [--output=vpn_anomaly/samples/sample.npz]

Moving MNIST of the test digits, from sequence 8,000 on: sequences of which no figure was made. The corrupted ones are
others than the normal ones, of all kinds in turn.
"""

import sys

import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly import config, samples
from vpn_anomaly.config_fields import CORRUPTIONS
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import clips_at
from vpn_anomaly.files import output_files

COUNT, FIRST = 8, 8000
KINDS = tuple(kind for kind in CORRUPTIONS if kind != "mixed")  # which is one of the others
NORMAL = "normal"


def sample() -> dict[str, np.ndarray]:
    """The arrays of the file by name."""
    source = build_source(config.defaults().data)
    clips, kinds = [clips_at(source, "test", np.arange(FIRST, FIRST + COUNT)).clip], [NORMAL] * COUNT
    for number in range(COUNT):
        kinds.append(KINDS[number % len(KINDS)])
        clips.append(clips_at(source, "test", [FIRST + COUNT + number], kinds[-1]).clip)
    return {"sequences": np.concatenate(clips)[..., 0], "corruption": np.array(kinds)}


@entry_point
def main(argv=None) -> int:
    """Writes the file. Exit code 2: it cannot be written."""
    parser = Parser("make_sample", __doc__)
    parser.add_argument("--output", type=file_path, default=samples.FILE, help="file to write")
    arguments = parser.parse_args(argv)
    arrays = sample()
    output_files.write_atomically(arguments.output, lambda file: np.savez_compressed(file, **arrays))
    print(f"wrote {arguments.output}: {arguments.output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
