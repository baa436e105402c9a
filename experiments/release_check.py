"""Checks a release: what is to be published is installed in empty environments, and does what the checkout does.

    python -m experiments.release_check [--only=wheel,sdist,onnx] [--output=experiments/results/release_check.json]

Builds the wheel and the source distribution; installs each in an empty environment, with all that it needs; scores
the sample in an empty folder, by three lines of Python and by the command, and compares the scores with those of this
checkout. Then makes an environment for ONNX, exports to it, and prints its parity. It takes some 15 minutes on two
cores, and downloads some gigabytes. With --only, what other parts of this version have stored is kept.
"""

import csv
import io
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Sequence

import numpy as np

import vpn_anomaly
from experiments.command_line import RESULTS, Parser, entry_point, file_path
from experiments.release import environments, onnx
from experiments.release.differences import largest_difference
from experiments.release.environments import Installed, installed, output
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import workdir

ROOT = pathlib.Path(__file__).parents[1]
PARTS = ("wheel", "sdist", "onnx")
TENSORFLOW = ("tensorflow", "tensorflow-datasets")
TOLERANCE = 1e-5  # of scores, relative and absolute: another build of a library may round otherwise
THREE_LINES = """\
import vpn_anomaly
scores = vpn_anomaly.load("pretrained").score("sample").scores
print(*(repr(float(score)) for score in scores["any"]))
"""
COMMAND = ("score", "--checkpoint=pretrained", "--input=sample")


def built(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The wheel and the source distribution, by name, made in the folder."""
    python = installed(folder / "build", "build").python
    output([python, "-m", "build", "--outdir", folder / "dist", ROOT])
    (wheel,), (sdist,) = (tuple((folder / "dist").glob(f"*{ending}")) for ending in (".whl", ".tar.gz"))
    return {"wheel": wheel, "sdist": sdist}


def checked_install(path: pathlib.Path, folder: pathlib.Path, wanted: dict[str, np.ndarray]) -> dict:
    """Installs a distribution in the folder and uses it; returns what that took. UserError for other scores."""
    environment = installed(folder / "env", path)
    empty = folder / "empty"
    empty.mkdir()
    record: dict = {
        "file": path.name,
        "file_megabytes": path.stat().st_size / environments.MEGABYTE,
        "install_seconds": environment.seconds,
        "installed_megabytes": environment.megabytes,
    }
    started = time.monotonic()
    of_lines = output([environment.python, "-c", THREE_LINES], empty)
    record["three_lines_seconds"] = time.monotonic() - started
    started = time.monotonic()
    rows = list(csv.DictReader(io.StringIO(output([environment.scripts / "vpn-anomaly", *COMMAND], empty))))
    record["command_seconds"] = time.monotonic() - started
    of_command = {name: np.array([float(row[name]) for row in rows]) for name in wanted}
    record["largest_difference"] = max(
        largest_difference(of_command[name], wanted[name], TOLERANCE, f"{path.name}: {name}")
        for name in wanted
    )
    of_lines_N = np.array(of_lines.split(), float)
    largest_difference(of_lines_N, of_command["any"], TOLERANCE, f"{path.name}: any by three lines")
    record["tensorflow"] = _of_tensorflow(environment)
    return record


def _of_tensorflow(environment: Installed) -> dict:
    """What TensorFlow and tensorflow-datasets, and what only they need, weigh."""
    megabytes = environments.only_for(environment.site, "vpn_anomaly", TENSORFLOW)
    return {"packages": len(megabytes), "megabytes": sum(megabytes.values())}


def check(parts: Sequence[str]) -> dict:
    """Checks parts of a release; returns what each took, by its name. UserError where one fails."""
    wanted = vpn_anomaly.load("pretrained").score("sample").scores
    records: dict = {}
    with tempfile.TemporaryDirectory(prefix="vpn_anomaly-release-") as temporary:
        folder = pathlib.Path(temporary)
        distributions = built(folder)
        for name in parts:
            print(f"checking {name}", flush=True)
            place = folder / name
            place.mkdir()
            if name == "onnx":
                records[name] = onnx.checked_export(distributions["wheel"], place, wanted["any"])
            else:
                records[name] = checked_install(distributions[name], place, wanted)
            print(json.dumps(records[name], indent=2), flush=True)
    return records


def parts(text: str) -> list[str]:
    """The value of --only."""
    chosen = text.split(",")
    if not set(chosen) <= set(PARTS):
        raise UserError(f"--only={text}: give some of {', '.join(PARTS)}")
    return chosen


@entry_point
def main(argv=None) -> int:
    """Runs the check, and stores what it found. Exit code 2: something is wrong with the release."""
    parser = Parser("release_check", __doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to check")
    parser.add_argument(
        "--output", type=file_path, default=RESULTS / "release_check.json", help="file to write"
    )
    arguments = parser.parse_args(argv)
    version = {"version": vpn_anomaly.__version__}
    before = workdir.read_json(arguments.output) or {}
    kept = before if version.items() <= before.items() else {}
    records = check(parts(arguments.only))
    workdir.write_json(arguments.output, {**version, **kept, **records})
    print(f"wrote {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
