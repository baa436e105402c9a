"""Virtual environments that are made for a check: what an installation takes, and of what it consists."""

import importlib.metadata
import pathlib
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vpn_anomaly.errors import UserError

MEGABYTE = 1e6


class Installed(NamedTuple):
    """A new environment.

    Attributes:
        python: its interpreter.
        scripts: the folder of its programs.
        site: the folder of its packages.
        seconds: that installing took, downloads included.
    """

    python: pathlib.Path
    scripts: pathlib.Path
    site: pathlib.Path
    seconds: float

    @property
    def megabytes(self) -> float:
        """Of everything in it."""
        files = (path for path in self.site.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files) / MEGABYTE


def installed(folder: pathlib.Path, *what: str | pathlib.Path) -> Installed:
    """An environment with what `pip install` is given. UserError if that fails."""
    started = time.monotonic()
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    output([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what])
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = pathlib.Path(output([python, "-c", code]).strip())
    return Installed(python, scripts, site, time.monotonic() - started)


def output(command: Sequence[str | pathlib.Path], folder: pathlib.Path | None = None) -> str:
    """What a command prints. UserError, with its last line of errors, if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise UserError(f"{' '.join(map(str, command))}: exit code {done.returncode}: {words}")
    return done.stdout


def only_for(site: pathlib.Path, package: str, names: Sequence[str]) -> dict[str, float]:
    """Megabytes by name of what is installed for these requirements of a package alone, themselves included.

    What the package needs by another way is not among them.
    """
    needs = {
        canonicalize_name(found.metadata["Name"]): found
        for found in importlib.metadata.distributions(path=[site])
    }
    with_all = _closure(needs, [package], without=())
    without = _closure(needs, [package], without=tuple(map(canonicalize_name, names)))
    return {name: _megabytes(needs[name]) for name in sorted(with_all - without)}


def _closure(needs, roots: Sequence[str], without: Sequence[str]) -> set[str]:
    """The names of the roots and all that they need, but for those `without` and what only these need."""
    found, waiting = set(), [canonicalize_name(root) for root in roots]
    while waiting:
        name = waiting.pop()
        if name in found or name in without or name not in needs:
            continue
        found.add(name)
        for text in needs[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    return found


def _megabytes(distribution: importlib.metadata.Distribution) -> float:
    paths = (pathlib.Path(str(distribution.locate_file(file))) for file in distribution.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file()) / MEGABYTE
