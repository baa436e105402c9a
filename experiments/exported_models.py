"""Exported models, as the programs that measure them open them."""

from ml_collections import ConfigDict

from vpn_anomaly.scoring.trained_model import TrainedModel, trained_export
from vpn_anomaly.storage import exported_weights


def stored_config(checkpoint: str) -> ConfigDict:
    """The config of `pretrained`, or of an exported folder. UserError if there is none, or it is damaged."""
    folder = exported_weights.folder_of(checkpoint)
    return exported_weights.stored_config(exported_weights.read_about(folder)["config"], folder)


def model(checkpoint: str, config: ConfigDict) -> TrainedModel:
    """Its weights. UserError where they are damaged."""
    return trained_export(config, exported_weights.folder_of(checkpoint))
