"""Batches: the same bytes however they are made, cut up or resumed."""

import itertools

import numpy as np
import pytest

from vpn_anomaly.data import pipeline
from vpn_anomaly.data.corruptions import CORRUPTIONS
from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.lattice import random_shifts
from vpn_anomaly.data.moving_mnist import MovingMNIST
from vpn_anomaly.data.pipeline import evaluation_clips, training_batches
from vpn_anomaly.data.sequence_files import FileSequences
from vpn_anomaly.errors import UserError

DIGITS = load_digits("embedded")
ENDLESS = MovingMNIST(DIGITS, frames=5, height=32, width=40)
FINITE = MovingMNIST(DIGITS, frames=5, height=32, width=40, train_sequences=10)
FILE = FileSequences(np.random.default_rng(0).integers(0, 256, (30, 5, 8, 8, 1), dtype=np.uint8))


def rows(source, batch_size, steps, **options):
    """The first sequences of training, all batches together."""
    batches = training_batches(source, 3, batch_size, backend="numpy", **options)
    taken = list(itertools.islice(batches, steps))
    batches.close()
    return {name: np.concatenate([batch[name] for batch in taken]) for name in taken[0]}


def assert_same(first, second):
    assert first.keys() == second.keys() == {"clip", "shift", "index"}
    for name in first:
        assert first[name].dtype == second[name].dtype
        np.testing.assert_array_equal(first[name], second[name])


def test_a_batch_holds_its_own_sequences_and_shifts():
    batch = rows(ENDLESS, 4, 3, first_step=5, period=(2, 3))
    index = np.arange(20, 32)
    np.testing.assert_array_equal(batch["index"], index)
    np.testing.assert_array_equal(batch["clip"], ENDLESS.clips(3, "train", index))
    np.testing.assert_array_equal(batch["shift"], random_shifts(3, "train", index, 5, (2, 3)))
    assert [batch[name].dtype for name in ("clip", "shift", "index")] == [np.uint8, np.int32, int]


@pytest.mark.parametrize("source", [ENDLESS, FINITE, FILE])
def test_bytes_do_not_depend_on_batch_size_workers_or_resuming(source):
    whole = rows(source, 12, 4)
    assert_same(rows(source, 4, 12, workers=5), whole)
    assert_same(rows(source, 48, 1, workers=1), whole)
    resumed = rows(source, 12, 2, first_step=2)
    assert_same(resumed, {name: array[24:] for name, array in whole.items()})


@pytest.mark.parametrize("source", [ENDLESS, FINITE])
def test_shards_are_parts_of_the_batch(source):
    whole = rows(source, 12, 2)
    parts = [rows(source, 12, 2, shard_index=shard, shard_count=3) for shard in range(3)]
    for name, array in whole.items():
        joined = np.stack([part[name].reshape(2, 4, *array.shape[1:]) for part in parts], axis=1)
        np.testing.assert_array_equal(joined.reshape(array.shape), array)


@pytest.mark.parametrize("source, length", [(FINITE, 10), (FILE, 24)])
def test_every_epoch_is_another_order_of_the_whole_set(source, length):
    batch = rows(source, length // 2, 8)
    index = batch["index"].reshape(4, length)
    np.testing.assert_array_equal(np.sort(index), np.tile(np.arange(length), (4, 1)))
    assert len({tuple(epoch) for epoch in index.tolist()}) == 4
    np.testing.assert_array_equal(batch["clip"], source.clips(3, "train", batch["index"]))
    first, second = (np.flatnonzero(batch["index"] == 0)[epoch] for epoch in (0, 1))
    assert not np.array_equal(batch["shift"][first], batch["shift"][second])


def test_orders_depend_on_the_seed():
    orders = [pipeline.sequence_at(np.arange(10), seed, 10).tolist() for seed in range(5)]
    assert len({tuple(order) for order in orders}) == 5


@pytest.mark.parametrize(
    "source, options, message",
    [
        (ENDLESS, {"shard_count": 3}, "train.batch_size=16 over 3 devices"),
        (ENDLESS, {"backend": "torch"}, "torch; allowed: auto, tensorflow, numpy"),
        (FileSequences(np.zeros((1, 5, 8, 8, 1), np.uint8)), {}, "no sequence is left"),
    ],
)
def test_impossible_batches_are_refused_at_once(source, options, message):
    with pytest.raises(UserError, match=message):
        training_batches(source, 0, 16, **options)


def test_without_tensorflow_batches_are_made_by_numpy(monkeypatch):
    monkeypatch.setattr(pipeline.importlib.util, "find_spec", lambda name: None)
    batches = training_batches(ENDLESS, 3, 4)
    assert_same(next(batches), rows(ENDLESS, 4, 1))


def test_normal_and_corrupted_sequences_are_two_sets():
    normal = evaluation_clips(ENDLESS, "test", 6)
    np.testing.assert_array_equal(normal.clip, ENDLESS.clips(0, "test", range(6)))
    assert normal.changed.shape == (6, 32, 40) and not normal.changed.any()
    for kind in CORRUPTIONS:
        corrupted = evaluation_clips(ENDLESS, "test", 6, kind)
        plain = ENDLESS.clips(9, "test", range(6, 12))
        np.testing.assert_array_equal(corrupted.index, range(6, 12))
        np.testing.assert_array_equal(corrupted.clip[:, :-1], plain[:, :-1])
        different = (corrupted.clip[:, -1] != plain[:, -1]).any(axis=-1)
        np.testing.assert_array_equal(corrupted.changed, different)
        assert different.any(axis=(1, 2)).all()


@pytest.mark.parametrize("kind", [None, *CORRUPTIONS])
def test_sequences_of_another_first_number_are_others(kind):
    early = [evaluation_clips(ENDLESS, "test", 3, one) for one in (None, *CORRUPTIONS)]
    late = evaluation_clips(ENDLESS, "test", 3, kind, first=6)
    start = 6 if kind is None else 9
    np.testing.assert_array_equal(late.index, range(start, start + 3))
    np.testing.assert_array_equal(late.clip[:, :-1], ENDLESS.clips(0, "test", late.index)[:, :-1])
    for other in early:
        assert not set(late.index) & set(other.index)
        same = (late.clip[:, None, :-1] == other.clip[None, :, :-1]).all((2, 3, 4, 5))
        assert not same.any()


def test_a_file_with_too_few_sequences_is_refused():
    assert evaluation_clips(FILE, "test", 1, "both").clip.shape == (1, 5, 8, 8, 1)
    assert evaluation_clips(FILE, "test", 3).clip.shape == (3, 5, 8, 8, 1)
    with pytest.raises(UserError, match="3 sequences, 4 are needed"):
        evaluation_clips(FILE, "test", 2, "temporal")
    with pytest.raises(UserError, match="3 sequences, 4 are needed"):
        evaluation_clips(FILE, "test", 4)
    with pytest.raises(UserError, match="3 sequences, 4 are needed.*evaluate.first_sequence"):
        evaluation_clips(FILE, "test", 1, "both", first=2)


def test_an_unknown_corruption_is_refused():
    with pytest.raises(UserError, match="unknown corruption shake; allowed: temporal"):
        evaluation_clips(ENDLESS, "test", 2, "shake")
