"""Writes an export: a folder of programs that score and watch without models/.

    DIR/clips.stablehlo, DIR/stream.stablehlo    the programs (`programs.py`), or .onnx
    DIR/calibration.npz, watch_calibration.npz   scores of normal sequences and frames (`storage/calibration_file.py`)
    DIR/load_export.py                           scores with them, without this package
    DIR/about.json                               everything about them, and the checksums of these files

A detector with members is a folder DIR/NAME of these files for each, and

    DIR/about.json       the detector's config, and the checksum of every member's about.json

about.json is written last, and the folder gets its name when all is there.
"""

import functools
import os
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import jax
import numpy as np
from ml_collections import ConfigDict

from vpn_anomaly import __version__
from vpn_anomaly import config as configuration
from vpn_anomaly.errors import UserError
from vpn_anomaly.export import parity
from vpn_anomaly.export.formats import Format, format_named
from vpn_anomaly.export.parts import Part, parts
from vpn_anomaly.export.programs import CLIPS
from vpn_anomaly.files import checksums, output_files
from vpn_anomaly.files.partial_files import partial_path
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.storage import calibration_file, exported_weights, named_arrays, workdir

LOADER = pathlib.Path(__file__).with_name("load_export.py")


def check(folder: pathlib.Path, form: str) -> None:
    """UserError for a folder that is neither new nor empty, or cannot be made, and for libraries that are missing.

    form: the name of the format.
    """
    format_named(form).check()
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(
            f"--output={folder} is there already and not empty; give a new folder, or an empty one"
        )
    with output_files.existing_folder(folder):
        pass


def write(config: ConfigDict, members: Sequence[TrainedMember], folder: pathlib.Path, form: str) -> list[str]:
    """Writes the export of a detector, or of the single member of a run without any, into a new or empty folder.

    Args:
        config: of the detector, resolved.
        form: the name of the format.

    Returns:
        lines that say what was written, and how far its scores are from the package's.

    UserError if it cannot be made or written, or scores otherwise than the package; then nothing is left.
    """
    check(folder, form)
    folder = pathlib.Path(os.path.abspath(folder))
    place = partial_path(folder)
    try:
        if not config.detector.members:
            lines = _write_member(members[0], place, format_named(form))
        else:
            lines = []
            for member in members:
                of_member = _write_member(member, place / member.name, format_named(form))
                lines += [f"member {member.name}:", *of_member]
            whole = configuration.as_dict(config)
            exported_weights.write_detector(place, whole, [member.name for member in members])
        with output_files.storing(folder):
            os.rename(place, folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return lines


def _write_member(member: TrainedMember, folder: pathlib.Path, form: Format) -> list[str]:
    with output_files.storing(folder):
        folder.mkdir(parents=True)
        shutil.copyfile(LOADER, folder / LOADER.name)
    lines, programs = [], {}
    for part in parts(member):
        content = form.serialised(part.program)
        found = parity.of_part(part, member.config, form.call_of(content))
        found.check(part.name)
        file = f"{part.name}{form.suffix}"
        output_files.write_atomically(folder / file, functools.partial(_write, content))
        if part.made_with is not None and part.scores is not None:
            calibration_file.save(folder, part.made_with, part.scores, part.file)
        programs[part.name] = {"file": file, **_about(part)}
        of_what = "sequences" if part.name == CLIPS else f"of {parity.STREAMED} frames"
        lines.append(f"{file}: {len(content):,} bytes; scores of {found.compared} {of_what} {found}")
    record = {**_about_member(member, form), "programs": programs, "files": checksums.of_files(folder)}
    workdir.write_json(folder / exported_weights.ABOUT, checksums.with_checksum(record))
    return lines


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def _about_member(member: TrainedMember, form: Format) -> dict:
    """What about.json says of all programs."""
    weights, config = named_arrays.host_arrays(member.trained.params), member.config
    scorer = member.trained.scorer(config)
    shown_MxHxW = scorer.system.shown(config.data.height, config.data.width, scorer.shift_Mx2)
    return {
        "format": form.name,
        "version": __version__,
        "jax": jax.__version__,
        "platforms": list(form.platforms),
        "platform_choices": form.choices,
        "config": configuration.as_dict(config),
        **{name: member.trained.metadata[name] for name in exported_weights.TRAINING},
        "weights": {
            "inside": True,
            "sha256": checksums.of_json(checksums.of_arrays(weights)),
            "parameters": sum(array.size for array in weights.values()),
        },
        "masks": len(scorer.shift_Mx2),
        "shown": {"shape": list(shown_MxHxW.shape), "bits": np.packbits(shown_MxHxW).tobytes().hex()},
        "stream_tail": config.watch.tail,
        "smoothing": config.score.smoothing,
        "every": member.every,
        "share": member.share,
    }


def _about(part: Part) -> dict:
    program = part.program
    return {
        "inputs": _arrays(program.inputs),
        "outputs": _arrays(program.outputs),
        "windows": list(program.windows),
        "first_frame": program.first_frame,
        "any": part.any,
    }


def _arrays(named: Mapping[str, jax.ShapeDtypeStruct]) -> list[dict]:
    return [
        {"name": name, "shape": list(of.shape), "dtype": np.dtype(of.dtype).name}
        for name, of in named.items()
    ]
