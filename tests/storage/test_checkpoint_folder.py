"""Entries of checkpoints/ that are no checkpoints: no save and no restore fails by them, and they stay."""

import json
import os
import shutil

import jax
import numpy as np
import pytest

from tests.storage.damage import nested
from vpn_anomaly.files import checksums
from vpn_anomaly.storage import checkpoint_folder, checkpoints, orbax_folder

STATE = {"params": {"kernel": np.zeros((3, 4), np.float32)}, "step": np.int32(0)}


def state(step):
    return jax.tree.map(lambda leaf: leaf + np.asarray(step, leaf.dtype), STATE)


def latest(directory):
    """The step of the newest whole checkpoint, proved by its content."""
    found, metadata = checkpoints.restore_latest(directory, STATE)
    assert found["step"] == metadata["step"] and (found["params"]["kernel"] == metadata["step"]).all()
    return metadata["step"]


@pytest.fixture(scope="module")
def two_steps(tmp_path_factory):
    directory = tmp_path_factory.mktemp("two") / "checkpoints"
    for step in (2, 4):
        checkpoints.save(directory, step, state(step), {})
    return directory


@pytest.fixture
def directory(two_steps, tmp_path):
    return shutil.copytree(two_steps, tmp_path / "checkpoints")


def file(path):
    path.write_text("precious")


def empty_folder(path):
    path.mkdir()


def folder_of_others(path):
    path.mkdir()
    (path / "notes.txt").write_text("precious")


def dangling_link(path):
    path.symlink_to("nowhere")


def link_to_itself(path):
    path.symlink_to(path.name)


def link_to_a_checkpoint(path):
    path.symlink_to("2")


def link_to_a_folder(path):
    path.symlink_to(path.parent.parent)


def copy_of_another_step(path):
    shutil.copytree(path.parent / "2", path)


def named_pipe(path):
    os.mkfifo(path)


KINDS = (
    file,
    empty_folder,
    folder_of_others,
    dangling_link,
    link_to_itself,
    link_to_a_checkpoint,
    link_to_a_folder,
    copy_of_another_step,
    named_pipe,
)
# Of the steps that are saved, 6 is the next one; numbers that `int` reads, and `isdecimal`, and not.
NAMES = (
    "6",
    "007",
    "5",
    "9",
    "3",
    "0",
    "٧",
    "²",
    "１",
    "4.tmp",
    "-1",
    "4-0",
    "04-2",
    "1e3",
    " 7",
    "4_0",
    ".8",
    ".hidden",
    "notes.txt",
    "6.orbax-checkpoint-tmp",
    "latest",
    "\udcff7",
)


def described(path):
    """All that a stray is, to see that it stays so."""
    if path.is_symlink():
        return os.readlink(path)
    inside = sorted(path.rglob("*")) if path.is_dir() else []
    return [(one.lstat().st_mode, one.is_file() and one.read_bytes()) for one in [path, *inside]]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_strays_disturb_nothing_and_stay(directory, caplog, make):
    folder = make in (empty_folder, folder_of_others, copy_of_another_step)
    names = [name for name in NAMES if not (folder and name == "6.orbax-checkpoint-tmp")]
    for name in names:  # a folder of that name is an interrupted save, which makes room
        make(directory / name)
    before = [described(directory / name) for name in names]
    assert latest(directory) == 4
    for step in (6, 8, 10, 12):
        checkpoints.save(directory, step, state(step), {})
        assert latest(directory) == step
    assert checkpoints.saved_steps(directory) == [8, 10, 12]
    assert [described(directory / name) for name in names] == before
    (record,) = caplog.records
    assert "007" in record.getMessage() and "\n" not in record.getMessage()


def test_many_strays_are_told_in_one_line_once(directory, caplog):
    for name in ("007", "٧", "9", ".8", "notes.txt", "4.tmp"):
        file(directory / name)
    assert latest(directory) == latest(directory) == 4
    (record,) = caplog.records
    assert "007, 9, ٧" in record.getMessage() and "notes" not in record.getMessage()


def test_nothing_but_strays_is_nothing(tmp_path):
    for name, make in zip(
        ("1", "2", "3", "4", "5"), (file, empty_folder, dangling_link, link_to_itself, folder_of_others)
    ):
        make(tmp_path / name)
    assert checkpoints.saved_steps(tmp_path) == []
    assert checkpoints.restore_latest(tmp_path, STATE) is None
    file(tmp_path / "no_folder")
    assert checkpoints.restore_latest(tmp_path / "no_folder", STATE) is None


def test_a_step_whose_name_is_taken_is_replaced_like_any_other(directory, caplog):
    file(directory / "6")
    checkpoints.save(directory, 6, state(6), {})
    checkpoints.save(directory, 6, state(6), {})
    assert sorted(os.listdir(directory)) == ["2", "4", "6", "6-2"]
    for path in (directory / "6-2").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    assert latest(directory) == 4
    checkpoints.save(directory, 6, state(6), {})
    assert latest(directory) == 6 and checkpoints.saved_steps(directory) == [2, 4, 6]
    assert (directory / "6").read_text() == "precious"


def test_a_training_that_makes_room_while_its_checkpoint_is_read(directory, monkeypatch, caplog):
    restored = orbax_folder.restore

    def restored_too_late(folder, arguments):
        if "params" in arguments.keys():
            monkeypatch.setattr(orbax_folder, "restore", restored)
            for new in (6, 8, 10):
                checkpoints.save(directory, new, state(new), {})
        return restored(folder, arguments)

    monkeypatch.setattr(orbax_folder, "restore", restored_too_late)
    assert latest(directory) == 10
    assert not caplog.records


def test_leftovers_of_killed_saves_and_removals_go(directory):
    os.rename(directory / "2", directory / "2.orbax-checkpoint-tmp")
    (directory / "6.orbax-checkpoint-tmp").mkdir()
    (directory / "6-2.orbax-checkpoint-tmp").mkdir()
    checkpoints.save(directory, 8, state(8), {})
    assert sorted(os.listdir(directory)) == ["4", "8"]


# --- records whose sums are right and whose content is not


def rewritten(directory, step, change):
    """Changes the record of a checkpoint and seals it anew."""
    path = directory / str(step) / checkpoint_folder.METADATA / checkpoint_folder.METADATA
    record = json.loads(path.read_text())
    del record["sha256"]
    record = change(record) or record
    path.write_text(json.dumps(checksums.with_checksum(record)))
    (directory / str(step) / checkpoint_folder.FILES).unlink()


RECORDS = {
    "no metadata": lambda record: record.pop("metadata") and None,
    "no arrays": lambda record: record.pop("arrays") and None,
    "metadata is a list": lambda record: record.update(metadata=[1]),
    "metadata is null": lambda record: record.update(metadata=None),
    "no step": lambda record: record["metadata"].pop("step") and None,
    "step is text": lambda record: record["metadata"].update(step="4"),
    "step is true": lambda record: record["metadata"].update(step=True),
    "step is below 0": lambda record: record["metadata"].update(step=-4),
    "arrays are text": lambda record: record.update(arrays="many"),
    "an item is a number": lambda record: record["arrays"].update(params=3),
    "an array is a number": lambda record: record["arrays"]["params"].update({"params/kernel": 3}),
    "an array has no dtype": lambda record: record["arrays"]["params"]["params/kernel"].pop("dtype") and None,
    "a shape is text": lambda record: record["arrays"]["params"]["params/kernel"].update(shape="3x4"),
    "nested 100": lambda record: record["metadata"].update(config=nested(100)),
    "nested 400": lambda record: record.update(more=nested(400)),
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_a_sealed_record_of_another_content_is_damage(directory, caplog, change):
    rewritten(directory, 4, change)
    assert latest(directory) == 2
    (record,) = caplog.records
    assert "step 4" in record.getMessage() and "\n" not in record.getMessage()
    checkpoints.save(directory, 6, state(6), {})
    assert latest(directory) == 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "null",
        "{",
        "[" * 3000,
        '{"a": ' * 900 + "1" + "}" * 900,
        '{"params": 3}',
        '{"params": {"bytes": "x"}}',
        '{"../../x": null}',
    ],
)
def test_a_list_of_files_of_any_content_is_damage(directory, caplog, text):
    (directory / "4" / checkpoint_folder.FILES).write_text(text)
    assert latest(directory) == 2
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "said", [{}, *({"wall_seconds": value} for value in ("3", None, float("nan"), 10**400, [1]))]
)
def test_metadata_that_lacks_what_is_needed_is_damage(directory, caplog, said):
    checkpoints.save(directory, 6, state(6), {"wall_seconds": 1})
    rewritten(directory, 6, lambda record: {**record, "metadata": {"step": 6, **said}})
    checkpoints.save(directory, 5, state(5), {})
    checkpoints.save(directory, 6, state(6), {"wall_seconds": 1.5})
    rewritten(directory, 5, lambda record: {**record, "metadata": {"step": 5, "wall_seconds": 1}})
    rewritten(directory, 6, lambda record: {**record, "metadata": {"step": 6, **said}})
    _, metadata = checkpoints.restore_latest(directory, STATE, {"wall_seconds": float})
    assert metadata["step"] == 5
    assert len(caplog.records) == 1 and "'wall_seconds'" in caplog.text
