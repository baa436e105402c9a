"""The export to ONNX of a release: its environment, its parity, and the loader that needs nothing of this package."""

import pathlib
import shutil
import time

import numpy as np

from experiments.release.differences import largest_difference
from experiments.release.environments import MEGABYTE, installed, output
from vpn_anomaly import samples

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "experiments/onnx_environment.sh"
TOLERANCE = 1e-3  # of `any`, relative and absolute: the loader prints six digits
EXPORT = ("-m", "vpn_anomaly.main", "--checkpoint=pretrained", "--mode=export", "--format=onnx")


def checked_export(wheel: pathlib.Path, folder: pathlib.Path, wanted_N: np.ndarray) -> dict:
    """Exports the package's weights in a new environment; scores the sample by numpy and onnxruntime alone.

    Returns what that took, the lines of the export with its parity, and how far the loader's `any` is from
    `wanted_N`. UserError where that is beyond TOLERANCE, and where anything fails.
    """
    started = time.monotonic()
    output(["sh", SCRIPT, folder / "env", wheel])
    record: dict = {"environment_seconds": time.monotonic() - started}
    started = time.monotonic()
    told = output([folder / "env/bin/python", *EXPORT, f"--output={folder / 'export'}"], folder)
    record |= {"export_seconds": time.monotonic() - started, "told": told.splitlines()[1:]}
    exported = (folder / "export").iterdir()
    record["export_megabytes"] = sum(path.stat().st_size for path in exported) / MEGABYTE
    with np.load(samples.FILE) as sample:
        np.save(folder / "sample.npy", sample["sequences"][..., None])
    bare = installed(folder / "bare", "numpy", "onnxruntime")
    rows = output([bare.python, folder / "export/load_export.py", folder / "sample.npy"], folder).splitlines()
    shutil.rmtree(folder / "env")
    any_N = np.array([float(dict(part.split(" ") for part in row.split(", "))["any"]) for row in rows])
    difference = largest_difference(any_N, wanted_N, TOLERANCE, "any by the loader of the ONNX export")
    return record | {"largest_difference_of_any": difference}
