"""The tf.data form against the numpy form: the same bytes."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from vpn_anomaly.data.corruptions import CORRUPTIONS
from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.moving_mnist import MovingMNIST
from vpn_anomaly.data.pipeline import evaluation_clips, training_batches
from vpn_anomaly.data.sequence_files import FileSequences
from vpn_anomaly.errors import UserError

DIGITS = load_digits("embedded")
SOURCES = {
    "grey": MovingMNIST(DIGITS),
    "colour": MovingMNIST(
        DIGITS,
        frames=6,
        height=36,
        width=50,
        digit_count=3,
        channels=3,
        trajectory="reflect",
        speed=(0.05, 0.3),
        train_sequences=20,
    ),
    "file": FileSequences(np.random.default_rng(0).integers(0, 256, (1500, 3, 8, 9, 3), dtype=np.uint8)),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("options", [{}, {"first_step": 3, "shard_index": 1, "shard_count": 2, "workers": 5}])
def test_training_batches_are_the_same_bytes(name, options):
    made = [
        itertools.islice(training_batches(SOURCES[name], 3, 8, backend=backend, **options), 6)
        for backend in ("tensorflow", "numpy")
    ]
    for batch, expected in zip(*made, strict=True):
        assert batch.keys() == expected.keys()
        for key, array in expected.items():
            assert batch[key].dtype == array.dtype and isinstance(batch[key], np.ndarray)
            np.testing.assert_array_equal(batch[key], array)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_corrupted_clips_are_the_same_bytes(name, kind):
    """70 sequences: one whole chunk and a part of another."""
    given = evaluation_clips(SOURCES[name], "test", 70, kind, backend="tensorflow")
    expected = evaluation_clips(SOURCES[name], "test", 70, kind, backend="numpy")
    for array, other in zip(given, expected, strict=True):
        assert array.dtype == other.dtype
        np.testing.assert_array_equal(array, other)


def test_a_frame_without_bright_pixels_is_refused():
    source = FileSequences(np.full((40, 3, 8, 8, 1), 127, np.uint8))
    with pytest.raises(UserError, match="^sequence 2 has no pixel of at least 128"):
        evaluation_clips(source, "test", 2, "spatial", backend="tensorflow")


@pytest.mark.slow
def test_a_program_can_end_while_batches_are_being_made():
    """It does not hang, its output and exit status do not suffer, importing TensorFlow says nothing."""
    program = """if True:
        import time
        import numpy as np
        from vpn_anomaly.data import digits, moving_mnist
        from vpn_anomaly.data.tensorflow import pipeline
        source = moving_mnist.MovingMNIST(digits.load_digits("embedded"))

        def plan(step):
            time.sleep(0.5)  # the program ends meanwhile
            return np.arange(2), np.zeros((2, 20, 2), np.int32)

        batches = pipeline.training_iterator(source, 0, plan, 0, 2)
        print(next(batches)["clip"].shape)
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0 and ended.stdout == "(2, 20, 64, 64, 1)\n"
    assert ended.stderr == ""
