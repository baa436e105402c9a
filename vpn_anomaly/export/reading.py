"""Reads an export back: a trained model whose programs score and watch in the place of its system."""

import dataclasses
import pathlib
from collections.abc import Mapping

import jax
import numpy as np

from vpn_anomaly.catalogue import system_named
from vpn_anomaly.errors import UserError
from vpn_anomaly.export.exported_system import ExportedProgram, ExportedSystem
from vpn_anomaly.export.formats import format_named
from vpn_anomaly.files import checksums
from vpn_anomaly.scoring.clip_scorer import ClipScorer, build_scorer
from vpn_anomaly.scoring.trained_model import TrainedModel
from vpn_anomaly.storage import exported_weights

READ = "stablehlo"  # the format that can be part of a JAX program


@dataclasses.dataclass(frozen=True, eq=False)
class ExportedModel(TrainedModel):
    """A model without parameters, as its programs have the weights inside.

    Attributes:
        system: what its programs stand for.
    """

    system: ExportedSystem

    def scorer(self, config) -> ClipScorer:
        return build_scorer(config, self.system, self.params)


def exported_model(folder: pathlib.Path) -> ExportedModel:
    """The model of an export (`writing.py`), which stays as it is.

    UserError where a file is missing or damaged, for a detector, and for a format other than READ.
    """
    about = exported_weights.read_about(folder)
    if about["format"] != READ:
        raise UserError(
            f"{folder} is an export as {about['format']}, which this package does not run: score with the"
            f" load_export.py in it, or export with --format={READ}"
        )
    try:
        damage = checksums.file_problem(folder, about["files"])
    except OSError as error:
        damage = f"not readable: {type(error).__name__}"
    if damage:
        raise UserError(f"the export in {folder} is damaged: {damage}; get or export it again")
    config = exported_weights.stored_config(about["config"], folder)
    programs = {name: _program(folder, entry) for name, entry in about["programs"].items()}
    shape, bits = about["shown"]["shape"], np.frombuffer(bytes.fromhex(about["shown"]["bits"]), np.uint8)
    shown_MxHxW = np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape).astype(bool)
    system = ExportedSystem(
        system_named(config.system),
        str(folder),
        programs,
        about["stream_tail"],
        shown_MxHxW,
        about["masks"],
    )
    return ExportedModel({}, about, (folder,), None, system)


def _program(folder: pathlib.Path, entry: Mapping) -> ExportedProgram:
    named = lambda arrays: {
        of["name"]: jax.ShapeDtypeStruct(tuple(of["shape"]), np.dtype(of["dtype"])) for of in arrays
    }
    call = format_named(READ).call_of((folder / entry["file"]).read_bytes())
    inputs, outputs = named(entry["inputs"]), named(entry["outputs"])
    return ExportedProgram(call, inputs, outputs, tuple(entry["windows"]), entry["first_frame"])
