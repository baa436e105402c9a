"""Checks that this checkout produces exactly the same outputs as another one, file by file.

    python -m experiments.same_outputs --reference=CHECKOUT --output=FOLDER [--only=NAME,...]

Runs the same command lines (experiments/output_comparison/cases.py) with the packages of both checkouts, in
FOLDER/reference/CASE and FOLDER/here/CASE, on the inputs in FOLDER/inputs. Outputs of the reference are kept, and
reused as long as the case's command lines do not change. Both share a compilation cache, FOLDER/programs. A second
comparison in the same folder waits for the first.

One line per file says that it is equal, or names its first difference. Times, versions and machines are ignored, and
videos are compared only for existence. The exit code is 1 if anything differs.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from experiments.command_line import Parser, entry_point, file_path, names_in
from experiments.output_comparison.cases import CASES, Command
from experiments.output_comparison.comparison import compared_files, difference
from experiments.output_comparison.inputs import make_inputs
from vpn_anomaly.errors import UserError

HERE = pathlib.Path(__file__).resolve().parents[1]
COMMANDS = ".commands.json"  # in the folder of a case once all of its command lines have run
LOG = "commands.log"
LOCK = ".lock"


def run_case(
    folder: pathlib.Path, commands: Sequence[Command], checkout: pathlib.Path, output: pathlib.Path
) -> None:
    """Empties the folder and runs the command lines in it, with the checkout's package.

    Raises:
      UserError: a command failed; the message names the log.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folders = {"configs": checkout / "configs", "inputs": output / "inputs"}
    for command in commands:
        flags = [flag.format(**folders) for flag in command]
        with open(folder / LOG, "a", encoding="utf-8") as log:
            print(*flags, file=log, flush=True)
            line = [sys.executable, "-m", "vpn_anomaly.main", *flags]
            variables = environment(folder, checkout, output)
            done = subprocess.run(line, cwd=folder, env=variables, stdout=log, stderr=log)
        if done.returncode:
            raise UserError(f"a command ended with exit code {done.returncode}; see {folder / LOG}")
    (folder / COMMANDS).write_text(json.dumps(commands), encoding="utf-8")


def environment(folder: pathlib.Path, checkout: pathlib.Path, output: pathlib.Path) -> dict[str, str]:
    """Environment variables so that a command imports the checkout's package and starts with an empty frame cache."""
    return os.environ | {
        "PYTHONPATH": str(checkout),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "MPLCONFIGDIR": str(output / "matplotlib"),
        "JAX_COMPILATION_CACHE_DIR": str(output / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def is_done(folder: pathlib.Path, commands: Sequence[Command]) -> bool:
    """Whether all of these command lines have run in the folder."""
    try:
        return json.loads((folder / COMMANDS).read_text(encoding="utf-8")) == list(map(list, commands))
    except (OSError, ValueError):
        return False


def compare_case(name: str, output: pathlib.Path) -> bool:
    """Prints the comparison of every file of the case; returns whether all are equal."""
    reference, here = output / "reference" / name, output / "here" / name
    files = sorted(compared_files(reference) | compared_files(here))
    if not files:
        raise UserError(f"there is nothing to compare in {reference}")
    all_equal = True
    for file in files:
        found = difference(file, reference, here)
        all_equal &= found is None
        print(f"{name}/{file}: {'equal' if found is None else f'differs, {found}'}", flush=True)
    return all_equal


def _is_equal(name: str, checkouts: Mapping[str, pathlib.Path], output: pathlib.Path) -> bool:
    """Runs a case as far as necessary and compares it; a command that fails here counts as a difference."""
    for side, checkout in checkouts.items():
        folder = output / side / name
        if side == "reference" and is_done(folder, CASES[name]):
            continue
        started = time.monotonic()
        try:
            run_case(folder, CASES[name], checkout, output)
        except UserError as error:
            if side == "reference":
                raise
            print(f"{name}: differs, {error}", flush=True)
            return False
        print(f"{name}: {time.monotonic() - started:.0f} s with {checkout}", file=sys.stderr, flush=True)
    return compare_case(name, output)


def check_checkout(checkout: pathlib.Path, output: pathlib.Path) -> None:
    """Raises UserError unless commands would import the package of this checkout."""
    line = [sys.executable, "-c", "import vpn_anomaly; print(vpn_anomaly.__file__)"]
    variables = environment(output, checkout, output)
    done = subprocess.run(line, cwd=output, env=variables, capture_output=True, text=True)
    found = pathlib.Path(done.stdout.strip() or "nothing").resolve().parent
    if found != checkout / "vpn_anomaly":
        raise UserError(
            f"{checkout} is no checkout of the package ({found} is imported instead); give the folder of one"
        )


@contextlib.contextmanager
def locked(folder: pathlib.Path) -> Iterator[None]:
    """Creates the folder if necessary, and waits until no other comparison is running in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released by the system when the process ends
        yield


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Compares the outputs. Exit code 0: all files are equal; 1: some differ; 2: an error."""
    parser = Parser("same_outputs", __doc__)
    parser.add_argument("--reference", required=True, type=file_path, metavar="CHECKOUT")
    parser.add_argument("--output", required=True, type=file_path, metavar="FOLDER")
    parser.add_argument(
        "--only", default=",".join(CASES), metavar="NAME,...", help="cases to run; default: all"
    )
    arguments = parser.parse_args(argv)
    names, output = names_in(arguments.only, CASES, "--only", "case"), arguments.output.resolve()
    checkouts = {"reference": arguments.reference.resolve(), "here": HERE}
    with locked(output):
        for checkout in checkouts.values():
            check_checkout(checkout, output)
        make_inputs(output / "inputs")
        equal = {name: _is_equal(name, checkouts, output) for name in names}
    differing = [name for name in names if not equal[name]]
    print(f"differing cases: {', '.join(differing)}" if differing else f"all {len(names)} cases are equal")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
