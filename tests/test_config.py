"""The list of fields: types, ranges, combinations, names."""

import json

import ml_collections
import pytest

from vpn_anomaly import catalogue, config_fields
from vpn_anomaly import config as config_module
from vpn_anomaly.config import as_dict, check, defaults, differences, flat
from vpn_anomaly.config_fields import FIELDS, field_named
from vpn_anomaly.data import corruptions
from vpn_anomaly.errors import UserError


def changed(**values):
    """Defaults with dotted names changed, written with __ for the dot, whatever their type."""
    config = ml_collections.ConfigDict(as_dict(defaults()), type_safe=False)
    for field in FIELDS:  # as_dict turned tuples into lists
        config.update_from_flattened_dict({field.name: field.default})
    with config.ignore_type():
        for name, value in values.items():
            config.update_from_flattened_dict({name.replace("__", "."): value})
    return config


def error_of(config):
    with pytest.raises(UserError) as raised:
        check(config)
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_defaults_pass_and_names_are_unique():
    check(defaults())
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names)) == len(flat(defaults()))


def test_defaults_are_new_each_time():
    first = defaults()
    first.train.steps = 7
    assert defaults().train.steps != 7


def test_every_field_says_what_it_is():
    for field in FIELDS:
        assert field.meaning and not field.meaning.endswith(".")
        assert config_module.type_name(field)
        if field.kind in (int, float):
            assert field.minimum is not None, f"{field.name} has no lower bound"


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("train.steps", 0, "train.steps is 0, but has to be 1 or more"),
        ("train.steps", -5, "1 or more"),
        ("train.steps", "many", "a whole number"),
        ("train.steps", 5.0, "a whole number"),
        ("train.steps", True, "a whole number"),
        ("train.learning_rate", 0.0, "train.learning_rate is 0.0"),
        ("train.learning_rate", float("nan"), "a number"),
        ("train.learning_rate", float("inf"), "a number"),
        ("train.learning_rate", "3e-3", "a number"),
        ("model.use_masked_frame", 1, "true or false"),
        ("model.attention.kind", "strong", "one of full, depthwise, correlation, layers, none"),
        ("system", "magic", "one of inpainting"),
        ("data.trajectory", "brownian", "one of original, reflect"),
        ("data.height", -64, "data.height is -64"),
        ("data.lattice", (4,), "a tuple of 2 whole numbers"),
        ("data.lattice", (0, 5), "1 or more"),
        ("data.speed", (0.1, 1.5), "from 0 to 1"),
        ("data.speed", 0.1, "a tuple of 2 numbers"),
        ("train.targets", (), "a tuple of one or more whole numbers"),
        ("train.targets", (10.0,), "a tuple of one or more whole numbers"),
        ("evaluate.corruptions", ("temporal", "colour"), "one of temporal, spatial, both, mixed"),
        ("evaluate.sequences", 0, "1 or more"),
        ("evaluate.false_alarm_rate", 1.0, "from 1e-06 to 0.999999"),
        ("seed", 2**31, "from 0 to 2147483647"),
    ],
)
def test_one_value_out_of_its_type_or_range(name, value, words):
    line = error_of(changed(**{name.replace(".", "__"): value}))
    assert name in line and words in line


@pytest.mark.parametrize(
    "values, words",
    [
        (dict(data__channels=2), ["data.channels", "1 (grey) or 3 (RGB)"]),
        (dict(data__height=24), ["24×64", "28×28"]),
        (dict(data__speed=(0.2, 0.1)), ["data.speed", "lowest"]),
        (dict(data__lattice=(65, 5)), ["data.lattice (65, 5)", "larger than the frame"]),
        (dict(data__lattice=(1, 1), score__masks=1), ["data.lattice", "hides none"]),
        (dict(model__stem=3), ["model.stem 3", "data.height 64"]),
        (dict(data__width=66), ["model.stem 4", "data.width 66"]),
        (dict(model__context=20), ["model.context", "21", "data.frames is 20"]),
        (dict(model__attention__filter_size=4), ["model.attention.filter_size is 4", "odd"]),
        (dict(model__attention__windows=(3, 4)), ["model.attention.windows", "odd"]),
        (dict(train__targets=(5, 19)), ["train.targets", "from 6 (model.context) to 19"]),
        (dict(train__targets=(10, 20)), ["train.targets", "data.frames 20"]),
        (dict(train__targets=(10, 10)), ["train.targets", "twice"]),
        (dict(train__loss_pixels=4000), ["train.loss_pixels is 4000", "64×64"]),
        (dict(model__attention__cell=3), ["model.attention.cell 3", "data.height 64"]),
        (dict(model__attention__cell=8, data__width=68), ["model.attention.cell 8", "data.width 68"]),
        (
            dict(model__attention__cell=6, data__height=48, data__width=48, train__loss_pixels=0),
            ["model.attention.cell 6", "model.stem 4"],
        ),
        (dict(model__context=2), ["model.context is 2", "3 frames"]),
        (dict(model__context=3, model__attention__content_frames=2), ["model.context is 3", "4 frames"]),
        (
            dict(model__horizon=15),
            ["model.context is 6 frames and model.horizon 15", "21", "data.frames is 20"],
        ),
        (dict(model__horizon=4, train__targets=(8,)), ["from 9 (model.context + model.horizon - 1) to 19"]),
        (
            dict(model__horizon=5),
            ["model.context is 6", "the last 7 frames", "set model.context to 7 or more"],
        ),
        (
            dict(model__horizon=2, system="block_inpainting"),
            ["model.horizon is 2", "for system inpainting", "is block_inpainting; set it to 1"],
        ),
        (
            dict(train__motion_share=0.5, system="vpn"),
            ["train.motion_share is 0.5", "inpainting", "set it to 0.0"],
        ),
        (
            dict(train__mask_dropout=0.5, system="vpn"),
            ["train.mask_dropout is 0.5", "inpainting", "set it to 0.0"],
        ),
        (
            dict(train__mask_dropout=0.5, model__use_masked_frame=False),
            ["train.mask_dropout is 0.5", "model.use_masked_frame is False", "to 0"],
        ),
        (dict(train__skipped=0.01), ["train.skipped is 0.01", "for videos", "sequences; set it to 0"]),
        (dict(system="vpn", train__targets=(0, 5)), ["train.targets", "from 1 (one frame before)"]),
        (
            dict(system="conv_lstm_autoencoder", model__composite__past=12),
            ["model.composite.past 12", "22 frames", "frame 19"],
        ),
        (
            dict(system="frame_autoencoder", data__height=60, train__loss_pixels=0),
            ["data.height is 60", "multiple of 8"],
        ),
        (dict(system="block_inpainting", model__unet__hidden_blocks=(8, 64)), ["(8, 64)", "64×64"]),
        (dict(system="block_inpainting", model__unet__hidden_blocks=(48, 8)), ["small ones come first"]),
        (dict(data__height=0, data__width=0), ["data.height is 0", "data.source=video"]),
        (dict(data__height=0), ["0×64", "set both"]),
        (dict(data__source="video"), ["data.path is empty"]),
        (dict(model__attention__radius=0), ["model.attention.radius is 0", "1 or more"]),
        (dict(train__carried=True, system="vpn"), ["train.carried", "vpn"]),
        (dict(train__carried=True, data__path="corridor.npy"), ["train.carried", "data.source=video"]),
        (dict(train__carried=True, data__train_sequences=8), ["train.carried", "data.train_sequences=0"]),
        (dict(train__carried=True, data__backend="tensorflow"), ["data.backend", "numpy or auto"]),
        (dict(train__carried=True, train__targets=(10, 18)), ["last frame, 19", "is 18"]),
        (dict(evaluate__corruptions=("both", "both")), ["evaluate.corruptions", "twice"]),
        (dict(score__masks=21), ["score.masks is 21", "20 different masks"]),
    ],
)
def test_combinations_that_cannot_work(values, words):
    line = error_of(changed(**values))
    for word in words:
        assert word in line


def test_small_frames_of_a_file_need_no_digit():
    check(changed(data__path="corridor.npy", data__height=16, data__width=16, train__loss_pixels=0))


def test_the_corruptions_are_those_that_data_makes():
    assert config_fields.CORRUPTIONS == corruptions.CORRUPTIONS


def test_whole_numbers_are_numbers():
    check(changed(train__learning_rate=1, data__speed=(0, 1)))


def test_an_unknown_or_missing_field():
    config = changed()
    config.train.stepps = 3
    line = error_of(config)
    assert "'train.stepps'" in line and "train.steps" in line and "model.stem" not in line
    config = changed()
    del config.score.masks
    assert "lacks the field score.masks" in error_of(config)
    with pytest.raises(UserError, match="seed, data.source, data.path"):
        field_named("sead")
    with pytest.raises(UserError, match="the fields are: model.attention.kind"):
        field_named("model.attention.sort.x")


def test_fixed_names():
    with pytest.raises(AttributeError):
        defaults().train.stepps = 3


def test_differences_by_name_also_after_json():
    config = defaults()
    stored = json.loads(json.dumps(as_dict(config)))
    assert stored == as_dict(config)
    assert differences(config, stored) == []
    config.train.targets = (12, 19)
    config.model.attention.kind = "none"
    del stored["seed"]
    assert differences(config, stored) == ["seed", "model.attention.kind", "train.targets"]
    assert differences(stored, config) == ["seed", "model.attention.kind", "train.targets"]


@pytest.mark.parametrize("system", [row.name for row in catalogue.SYSTEMS if not row.fits])
def test_every_system_has_a_first_target(system):
    check(changed(system=system, model__context=19, train__targets=(19,)))
    if system != "inpainting":
        check(changed(system=system, model__context=30))
