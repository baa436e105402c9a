"""Whether this checkout computes exactly what another one computes, case by case, file by file.

    python -m experiments.same_outputs --reference=CHECKOUT --output=FOLDER [--only=NAME,...]

Runs the same command lines (experiments/output_comparison/cases.py) with the package of either checkout,
in FOLDER/reference/CASE and FOLDER/here/CASE, on the inputs in FOLDER/inputs. What the reference gave
stays, and is not run again while the case's command lines are the same. Compiled programs are shared by
both, in FOLDER/programs: equal programs compile once. A second comparison in the same folder waits.

A line a file says whether it is equal, or what differs first. Times, versions and machines do not count,
and of videos nothing but that they are there. The exit code is 1 where something differs.
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

from experiments.command_line import Parser, entry_point, file_path
from experiments.output_comparison.cases import CASES, Command
from experiments.output_comparison.comparison import compared_files, difference
from experiments.output_comparison.inputs import make_inputs
from vpn_anomaly.errors import UserError

HERE = pathlib.Path(__file__).resolve().parents[1]
COMMANDS = ".commands.json"  # in the folder of a case, when all of them are done
LOG = "commands.log"
LOCK = ".lock"


def run_case(
    folder: pathlib.Path, commands: Sequence[Command], checkout: pathlib.Path, output: pathlib.Path
) -> None:
    """Runs the command lines with the checkout's package, in the folder, which is emptied before.

    Raises:
      UserError: a command failed; the line names the log.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    places = {"configs": checkout / "configs", "inputs": output / "inputs"}
    for command in commands:
        flags = [flag.format(**places) for flag in command]
        with open(folder / LOG, "a", encoding="utf-8") as log:
            print(*flags, file=log, flush=True)
            line = [sys.executable, "-m", "vpn_anomaly.main", *flags]
            surroundings = environment(folder, checkout, output)
            done = subprocess.run(line, cwd=folder, env=surroundings, stdout=log, stderr=log)
        if done.returncode:
            raise UserError(f"a command ended with exit code {done.returncode}; see {folder / LOG}")
    (folder / COMMANDS).write_text(json.dumps(commands), encoding="utf-8")


def environment(folder: pathlib.Path, checkout: pathlib.Path, output: pathlib.Path) -> dict[str, str]:
    """In which a command imports the checkout's package, and finds no footage that another decoded."""
    return os.environ | {
        "PYTHONPATH": str(checkout),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "MPLCONFIGDIR": str(output / "matplotlib"),
        "JAX_COMPILATION_CACHE_DIR": str(output / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def is_done(folder: pathlib.Path, commands: Sequence[Command]) -> bool:
    """Whether all of these command lines ran in the folder."""
    try:
        return json.loads((folder / COMMANDS).read_text(encoding="utf-8")) == list(map(list, commands))
    except (OSError, ValueError):
        return False


def compare_case(name: str, output: pathlib.Path) -> bool:
    """Tells of every file of the case; whether all are equal."""
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
    """Runs a case where need be, and tells of every file of it; a command that fails here is a difference."""
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
    """Raises UserError where no package is, or where another one would be imported."""
    line = [sys.executable, "-c", "import vpn_anomaly; print(vpn_anomaly.__file__)"]
    surroundings = environment(output, checkout, output)
    done = subprocess.run(line, cwd=output, env=surroundings, capture_output=True, text=True)
    found = pathlib.Path(done.stdout.strip() or "nothing").resolve().parent
    if found != checkout / "vpn_anomaly":
        raise UserError(
            f"{checkout} is no checkout whose package is imported, but {found}; give the folder of one"
        )


@contextlib.contextmanager
def held(folder: pathlib.Path) -> Iterator[None]:
    """Makes the folder if need be; waits until no other comparison runs in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the system frees it with its holder
        yield


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in CASES:
            raise UserError(f"--only: there is no case {name!r}; the cases are: {', '.join(CASES)}")
    return names


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """0: all files are equal; 1: some are not; 2 for what cannot be compared."""
    parser = Parser("same_outputs", __doc__)
    parser.add_argument("--reference", required=True, type=file_path, metavar="CHECKOUT")
    parser.add_argument("--output", required=True, type=file_path, metavar="FOLDER")
    parser.add_argument("--only", default=",".join(CASES), metavar="NAME,...", help="cases; all by default")
    arguments = parser.parse_args(argv)
    names, output = _names(arguments.only), arguments.output.resolve()
    checkouts = {"reference": arguments.reference.resolve(), "here": HERE}
    with held(output):
        for checkout in checkouts.values():
            check_checkout(checkout, output)
        make_inputs(output / "inputs")
        equal = {name: _is_equal(name, checkouts, output) for name in names}
    differing = [name for name in names if not equal[name]]
    print(f"differing cases: {', '.join(differing)}" if differing else f"all {len(names)} cases are equal")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
