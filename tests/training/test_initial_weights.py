"""Training from weights that are there: they are where it begins, and bring their model."""

import numpy as np
import pytest

from vpn_anomaly import config as configuration
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.scoring.trained_model import abstract_params
from vpn_anomaly.storage import calibration_file, checkpoints, exported_weights, named_arrays
from vpn_anomaly.training import run
from vpn_anomaly.training.initial_weights import initial_params, resolve_model


@pytest.fixture
def weights(tiny_config, tmp_path):
    """Random parameters by name, and the folder that they are exported to."""
    folder, rng = tmp_path / "weights", np.random.default_rng(0)
    folder.mkdir()
    shapes = named_arrays.by_name(abstract_params(tiny_config))
    arrays = {name: (0.1 * rng.normal(size=leaf.shape)).astype(leaf.dtype) for name, leaf in shapes.items()}
    calibration_file.save(folder, {}, {"mean_nll": np.ones(2)})
    exported_weights.write(
        folder, arrays, {"config": configuration.as_dict(tiny_config), "step": 5, "commit": None}
    )
    return arrays, folder


def starting(config, folder, **changes):
    config = config.copy_and_resolve_references()
    config.train.start_from = str(folder)
    config.update_from_flattened_dict({name.replace("__", "."): v for name, v in changes.items()})
    return config


def test_the_weights_bring_their_model_and_nothing_else(tiny_config, weights):
    config = starting(tiny_config, weights[1], model__lstm__channels=12, data__height=64)
    resolved = resolve_model(config, ["data.height"])
    assert configuration.differences(resolved, config) == ["model.lstm.channels"]
    assert resolved.model.lstm.channels == tiny_config.model.lstm.channels
    assert resolve_model(tiny_config, ["model.stem"]) is tiny_config


def test_without_weights_training_starts_anew(tiny_config):
    assert initial_params(tiny_config.train.start_from, abstract_params(tiny_config)) is None


@pytest.mark.slow
def test_training_begins_with_the_weights(tiny_config, weights, tmp_path):
    arrays, folder = weights
    config = starting(tiny_config, folder, train__steps=1, train__learning_rate=1e-12)
    run.check(config)
    (tmp_path / "run").mkdir()
    run.train(config, tmp_path / "run")
    params = checkpoints.restore_latest(
        tmp_path / "run" / "checkpoints", {"params": abstract_params(config)}
    )[0]["params"]
    for name, array in named_arrays.host_arrays(params).items():
        np.testing.assert_allclose(array, arrays[name], atol=1e-8)


def test_what_does_not_fit_is_told(tiny_config, weights, tmp_path):
    config = starting(tiny_config, weights[1])
    with pytest.raises(UserError, match="brings the model.*leave out model.stem"):
        resolve_model(config, ["seed", "model.stem"])
    with pytest.raises(UserError, match="of system inpainting, but system is vpn"):
        resolve_model(starting(tiny_config, weights[1], system="vpn"), [])
    with pytest.raises(UserError, match="kernel is .* set data.channels"):
        initial_params(str(weights[1]), abstract_params(starting(tiny_config, weights[1], data__channels=3)))
    with pytest.raises(UserError, match="there is no checkpoint"):
        resolve_model(starting(tiny_config, tmp_path / "nowhere"), [])
    (weights[1] / "weights.npz").write_bytes(b"damaged")
    with pytest.raises(UserError, match="damaged"):
        run.check(config)


def test_the_command_line_says_so_in_a_line(capsys):
    assert main(["--config=configs/quick.py", "--config.train.start_from=nowhere"]) == 2
    assert "there is no checkpoint 'nowhere'" in capsys.readouterr().err
