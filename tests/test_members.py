"""The members of a detector: their fields and the configs made of them."""

import pytest

from tests.test_config import changed
from tests.test_configs import load
from vpn_anomaly import config as configuration
from vpn_anomaly import member_rows, members
from vpn_anomaly.command_line import parse
from vpn_anomaly.config_fields import FIELDS, SYSTEMS
from vpn_anomaly.errors import UserError
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.storage.config_changes import CHANGEABLE_FIELDS, describe_differences

NAMES = [row.name for row in member_rows.MEMBERS]
# Fields in which a member of configs/video.py differs from the config for that member alone: those of
# models that it is not, and of members.
UNUSED = (
    "model.attention.",
    "model.encoder.",
    "model.lstm.",
    "model.head.channels",
    "model.use_masked",
    "detector.",
)
FASTER = (
    "data.video.height",
    "data.video.width",
    "train.steps",
    "train.report_every",
)  # which configs/video.py sets for appearance, or leaves as motion has it


def detector(variant="", **values):
    config = load("video", variant)
    config.update_from_flattened_dict({name.replace("__", "."): value for name, value in values.items()})
    return config


def test_the_config_for_videos_has_every_member():
    assert detector().detector.members == tuple(NAMES)
    assert members.member_config(detector(), "normality").system == "normality"


def test_the_motion_member_is_the_config_without_members():
    config = detector(detector__members=("motion", "appearance"), train__steps=7)
    config.detector.appearance.train.steps = 9
    changed = configuration.differences(config, members.member_config(config, "motion"))
    of_members = [name for name in changed if name.startswith("detector.")]
    assert [name for name in changed if name not in of_members] == ["score.places"]
    assert {"detector.members", "detector.appearance.train.steps"} <= set(of_members)


@pytest.mark.parametrize("variant", ["", "debug"])
def test_the_appearance_member_is_the_config_for_appearance(variant):
    config = detector(variant, detector__members=("motion", "appearance"))
    member = members.member_config(config, "appearance")
    found = configuration.differences(member, load("appearance", variant))
    assert [name for name in found if not name.startswith(UNUSED) and name not in FASTER] == []


def test_a_field_holds_for_every_member_but_those_with_their_own_value():
    config = detector(
        detector__members=("motion", "appearance"), seed=5, model__unet__channels=(3,), train__steps=7
    )
    config.detector.appearance.train.batch_size = 3
    config.evaluate.false_alarm_rate = 0.25
    made = members.member_configs(config)
    assert [one.seed for one in made.values()] == [5, 5]
    assert [one.model.unet.channels for one in made.values()] == [(3,), (3,)]
    assert [one.evaluate.false_alarm_rate for one in made.values()] == [0.25, 0.25]
    assert [one.train.steps for one in made.values()] == [7, 600]
    assert [one.train.batch_size for one in made.values()] == [8, 3]
    assert [one.system for one in made.values()] == ["inpainting", "block_inpainting"]


@pytest.mark.parametrize("row", member_rows.MEMBERS, ids=NAMES)
def test_every_row_names_fields_and_a_system(row):
    known = [field.name for field in FIELDS]
    assert set(row.fields) <= set(known)
    assert {f"detector.{row.name}.{name}" for name in row.own_fields} <= set(known)
    assert row.about and row.every >= 1 and row.share > 0
    if row.fields.get("system", SYSTEMS[0]) in SYSTEMS:
        members.check(detector(detector__members=(row.name,)))


def test_members_leave_alone_what_only_the_detectors_system_reads():
    config = detector(detector__members=("motion", "appearance"), model__horizon=4, train__motion_share=0.5)
    members.check(config)
    made = members.member_configs(config)
    assert [one.model.horizon for one in made.values()] == [4, 1]
    assert [one.train.motion_share for one in made.values()] == [0.5, 0.0]


def test_shares_sum_to_one_and_follow_the_fields():
    config = detector(detector__members=("appearance", "motion"))
    assert members.shares(config) == pytest.approx({"appearance": 2 / 3, "motion": 1 / 3})
    config.detector.motion.share, config.detector.appearance.every = 6.0, 4
    assert members.shares(config) == {"appearance": 0.25, "motion": 0.75}
    assert (members.every(config, "motion"), members.every(config, "appearance")) == (1, 4)


def test_other_fields_of_members_belong_to_what_was_trained():
    config = detector(detector__members=("motion", "appearance"))
    stored = configuration.as_dict(config)
    for name in ("every", "evaluate.sequences", "score.masks"):
        config.update_from_flattened_dict({f"detector.appearance.{name}": 2})
    config.detector.normality.train.targets = (0,)  # no member
    assert describe_differences(stored, config, CHANGEABLE_FIELDS) == ""
    config.detector.appearance.train.steps = 5
    found = describe_differences(stored, config, CHANGEABLE_FIELDS)
    assert found == "detector.appearance.train.steps 600 there and 5 here"


def test_columns_are_prefixed_but_those_of_motion_and_of_a_single_model():
    prefix = lambda name: TrainedMember(name, detector(), trained=None).prefix
    assert [prefix(name) for name in ("", *NAMES)] == ["", "", "appearance.", "normality."]


def test_members_are_set_on_the_command_line():
    flags = ["--config=configs/video.py", "--config.data.path=normal"]
    of = lambda text: parse([*flags, f"--config.detector.members={text}"]).config.detector.members
    assert of("()") == ()
    assert of("appearance") == of("('appearance',)") == ("appearance",)
    assert of("('motion', 'appearance')") == ("motion", "appearance")
    config = parse([*flags, "--config.detector.appearance.train.steps=5"]).config
    assert config.detector.appearance.train.steps == 5


@pytest.mark.parametrize(
    "values, words",
    [
        (dict(detector__members=("motion", "motion")), "names a member twice"),
        (dict(detector__members=("sound",)), "one of motion, appearance, normality, or (), none of them"),
        (dict(detector__members=3), "a tuple of any number of texts"),
        (dict(detector__members=("motion",), data__source="sequences"), "set data.source=video"),
        (dict(detector__appearance__every=0), "detector.appearance.every is 0"),
        (dict(detector__motion__share=0.0), "detector.motion.share is 0.0"),
        (
            dict(detector__members=("appearance",), model__unet__hidden_blocks=(48, 8)),
            "member appearance: model.unet.hidden_blocks",
        ),
    ],
)
def test_what_cannot_be_ends_with_a_line(values, words):
    values = {"data__source": "video", "data__path": "normal", **values}
    with pytest.raises(UserError) as raised:
        members.check(changed(**values))
    assert words in str(raised.value) and "\n" not in str(raised.value)
