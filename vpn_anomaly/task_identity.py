"""What a process is about to do, for comparison with the others that are to do it together."""

import hashlib
import pathlib

from vpn_anomaly import __version__
from vpn_anomaly import config as config_module
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.text.display_names import display_name


def of(arguments: Arguments) -> dict[str, str]:
    """By name, in words that may be shown: what the command asks for, every field, and the code that does it."""
    outputs = {f"--{name}": str(path) for name, path in arguments.outputs.items()}
    return {
        "the version of the package": f"{__version__} (code {_digest_of_code()})",
        "--process_count": str(arguments.processes and arguments.processes.count),
        "--mode": str(arguments.mode),
        "--workdir": str(arguments.workdir),
        "--checkpoint": str(arguments.checkpoint),
        "--input": " ".join(map(display_name, arguments.inputs)),
        "--max_frames": str(arguments.max_frames),
        **outputs,
        **{name: str(value) for name, value in config_module.shown(arguments.config).items()},
    }


def _digest_of_code() -> str:
    """Of all modules of this package, 12 digits."""
    root, digest = pathlib.Path(__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]
