"""Checkpoints in real files: round trips, every kind of damage, killed saves."""

import os
import random
import shutil
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.compilation_cache import READ_ONLY
from tests.storage.damage import flip, truncate
from vpn_anomaly.errors import UserError
from vpn_anomaly.storage import calibration_file, checkpoints, orbax_folder


def make_state(step, width=40):
    """A state with an optimizer's nested tuples, two dtypes and empty parts; another every step."""
    key = jax.random.key(step)
    params = {
        "encoder": {"kernel": jax.random.normal(key, (30, width)), "bias": jnp.full(3, step, jnp.bfloat16)},
        "head": {"kernel": jax.random.normal(key, (width, 50))},
    }
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-3))
    return {"params": params, "opt_state": optimizer.init(params), "step": jnp.int32(step)}


def same(restored, state):
    equal = jax.tree.map(
        lambda a, b: (
            np.asarray(a).dtype == np.asarray(b).dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes()
        ),
        restored,
        state,
    )
    return jax.tree.all(equal)


ABSTRACT = jax.eval_shape(lambda: make_state(0))


@pytest.fixture(scope="module")
def two_steps(tmp_path_factory):
    directory = tmp_path_factory.mktemp("two") / "checkpoints"
    for step in (100, 200):
        checkpoints.save(directory, step, make_state(step), {"data_position": step * 16})
    return directory


@pytest.fixture
def directory(two_steps, tmp_path):
    return shutil.copytree(two_steps, tmp_path / "checkpoints")


def files_of(directory, step):
    folder = directory / str(step)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_comes_back_bit_for_bit_with_its_metadata(directory, caplog, capfd):
    state, metadata = checkpoints.restore_latest(directory, ABSTRACT)
    assert same(state, make_state(200))
    assert jax.tree.structure(state) == jax.tree.structure(make_state(200))
    assert metadata == {"step": 200, "data_position": 3200}
    assert not caplog.records and capfd.readouterr() == ("", "")


def test_three_are_kept(tmp_path):
    for step in range(1, 6):
        checkpoints.save(tmp_path, step, make_state(step), {})
    assert checkpoints.saved_steps(tmp_path) == [3, 4, 5]


def test_none_where_nothing_was_saved(tmp_path):
    assert checkpoints.restore_latest(tmp_path / "missing", ABSTRACT) is None
    assert checkpoints.restore_latest(tmp_path, ABSTRACT) is None
    assert os.listdir(tmp_path) == []


def test_parts_of_the_state_can_be_left_out(directory):
    state, _ = checkpoints.restore_latest(directory, {"params": ABSTRACT["params"]})
    assert same(state, {"params": make_state(200)["params"]})


def test_arrays_go_where_the_sharding_says(directory):
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    abstract = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device), ABSTRACT
    )
    state, _ = checkpoints.restore_latest(directory, abstract)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))
    assert same(state, make_state(200))


def test_saving_a_step_again(directory):
    before = (directory / "200" / "files.json").stat().st_mtime_ns
    checkpoints.save(directory, 200, make_state(200), {})
    assert (directory / "200" / "files.json").stat().st_mtime_ns == before
    checkpoints.save(directory, 200, make_state(7), {})
    assert same(checkpoints.restore_latest(directory, ABSTRACT)[0], make_state(7))


@pytest.mark.parametrize(
    "change, words",
    [
        (
            lambda p: p["head"].update(kernel=jnp.ones((40, 51))),
            "params/head/kernel is float32[40, 50] there and float32[40, 51] here",
        ),
        (lambda p: p["head"].update(kernel=jnp.ones((40, 50), jnp.bfloat16)), "bfloat16[40, 50] here"),
        (lambda p: p.update(tail=jnp.ones(2)), "params/tail is absent there and float32[2] here"),
        (lambda p: p.pop("head"), "params/head/kernel is float32[40, 50] there and absent here"),
    ],
)
def test_another_model_is_refused_with_the_first_difference(directory, change, words):
    abstract = {"params": jax.tree.map(lambda leaf: leaf, ABSTRACT["params"])}
    change(abstract["params"])
    with pytest.raises(UserError) as raised:
        checkpoints.restore_latest(directory, abstract)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def delete(path, rng):
    path.unlink()


@pytest.mark.parametrize("damage", [flip, truncate, delete])
def test_any_damaged_file_means_the_previous_one_and_one_line(two_steps, tmp_path, damage, caplog, capfd):
    rng = random.Random(5)
    for index, name in enumerate(path.relative_to(two_steps) for path in files_of(two_steps, 200)):
        copy = shutil.copytree(two_steps, tmp_path / str(index))
        damage(copy / name, rng)
        caplog.clear()
        state, metadata = checkpoints.restore_latest(copy, ABSTRACT)
        if metadata["step"] == 200:  # what was damaged is not needed to restore it
            assert name.name == "files.json"
            assert same(state, make_state(200)) and not caplog.records
        else:
            assert same(state, make_state(100)) and metadata["data_position"] == 1600
            (record,) = caplog.records
            line = record.getMessage()
            assert "step 200" in line and "step 100 is used" in line and "\n" not in line
        assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # TensorStore's
def test_arrays_are_proved_by_themselves(two_steps, tmp_path, caplog):
    """Without the sums of files, wherever a bit flips: the right numbers, or the previous ones."""
    rng = random.Random(6)
    fallen_back = 0
    for round_ in range(40):
        copy = shutil.copytree(two_steps, tmp_path / str(round_))
        (copy / "200" / "files.json").unlink()
        path = rng.choice([path for path in files_of(copy, 200) if path.stat().st_size])
        flip(path, rng)
        state, metadata = checkpoints.restore_latest(copy, ABSTRACT)
        fallen_back += metadata["step"] == 100
        assert same(state, make_state(metadata["step"]))
    assert 5 < fallen_back < 40


def test_a_silently_wrong_array_is_named(directory, caplog, monkeypatch):
    """What Orbax alone does not see: one value differs, all files are readable."""
    restored = orbax_folder.restore

    def wrong(folder, arguments):
        items = restored(folder, arguments)
        if "params" in items and folder.name == "200":
            items["params"]["params/head/kernel"][3, 4] *= 1.0000001
        return items

    monkeypatch.setattr(orbax_folder, "restore", wrong)
    state, metadata = checkpoints.restore_latest(directory, ABSTRACT)
    assert metadata["step"] == 100 and same(state, make_state(100))
    assert "array params/head/kernel differs" in caplog.text


def test_metadata_of_another_content_is_damage(directory, caplog):
    (path,) = (directory / "200" / "metadata").glob("metadata")
    text = path.read_text()
    path.write_text(text.replace("3200", "3216"))
    (directory / "200" / "files.json").unlink()
    assert checkpoints.restore_latest(directory, ABSTRACT)[1]["step"] == 100
    assert "metadata differs from its checksum" in caplog.text


def test_all_damaged(directory):
    for step in (100, 200):
        for path in files_of(directory, step):
            path.write_bytes(b"")
    with pytest.raises(UserError, match="is damaged: step 200 .*step 100") as raised:
        checkpoints.restore_latest(directory, ABSTRACT)
    assert "\n" not in str(raised.value)


def test_training_goes_on_after_damage(directory, caplog):
    """Resumed at 100, the run saves 200 again, over the damaged one."""
    flip(max(files_of(directory, 200), key=lambda path: path.stat().st_size), random.Random(1))
    checkpoints.restore_latest(directory, ABSTRACT)
    checkpoints.save(directory, 150, make_state(150), {})
    assert checkpoints.saved_steps(directory) == [100, 150]
    checkpoints.save(directory, 200, make_state(200), {})
    caplog.clear()
    assert same(checkpoints.restore_latest(directory, ABSTRACT)[0], make_state(200))
    assert not caplog.records


def test_what_a_killed_save_leaves_is_no_checkpoint(directory):
    (directory / "300.orbax-checkpoint-tmp").mkdir()
    (directory / "300.orbax-checkpoint-tmp" / "x").write_text("half")
    assert checkpoints.restore_latest(directory, ABSTRACT)[1]["step"] == 200
    checkpoints.save(directory, 300, make_state(300), {})
    assert checkpoints.saved_steps(directory) == [100, 200, 300]


def test_a_disk_that_refuses(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write") as raised:
        checkpoints.save(tmp_path / "file" / "checkpoints", 1, make_state(1), {})
    assert "\n" not in str(raised.value)


SAVING = """
import itertools, pathlib, sys
import numpy as np
from tests.compilation_cache import READ_ONLY
from tests.storage.damage import flip, truncate
from vpn_anomaly.storage import checkpoints
directory = pathlib.Path(sys.argv[1])
template = {"params": {"a": np.zeros((200, 500), np.float32), "b": np.zeros(9, np.float32)}}
found = checkpoints.restore_latest(directory, template)
first = 1 if found is None else found[1]["step"] + 1
for step in itertools.count(first):
    state = {"params": {"a": np.full((200, 500), step, np.float32),
                        "b": np.full(9, step, np.float32)}}
    checkpoints.save(directory, step, state, {})
    print(step, flush=True)
"""


@pytest.mark.slow
def test_kill_9_in_the_middle_of_saves(tmp_path, caplog):
    rng = random.Random(3)
    template = {"params": {"a": np.zeros((200, 500), np.float32), "b": np.zeros(9, np.float32)}}
    last = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(tmp_path)],
            env={**os.environ, **READ_ONLY},
            stdout=subprocess.PIPE,
            text=True,
        )
        last = int(process.stdout.readline())
        time.sleep(rng.uniform(0.0, 0.3))
        process.kill()
        printed = process.stdout.read().split()
        process.wait()
        last = max([last, *map(int, printed)])
        state, metadata = checkpoints.restore_latest(tmp_path, template)
        assert metadata["step"] in (last, last + 1)  # saved, perhaps, and killed before it said so
        for name in ("a", "b"):
            assert (state["params"][name] == metadata["step"]).all()
        assert not caplog.records
    assert last >= 5


def test_calibration_beside_checkpoints_disturbs_nothing(directory):
    calibration_file.save(directory, {"step": 200}, {"mean_nll": np.zeros(3)})
    checkpoints.save(directory, 300, make_state(300), {})
    assert checkpoints.restore_latest(directory, ABSTRACT)[1]["step"] == 300
    assert calibration_file.load(directory, {"step": 200}) is not None
