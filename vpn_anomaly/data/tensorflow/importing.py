"""Imports TensorFlow when it is first needed, without its notices and without its GPUs.

Every module must run where TensorFlow is not installed, so it is imported inside functions only.
"""

import contextlib
import importlib.util
import os
import sys


def tfds_is_installed() -> bool:
    """Whether tensorflow and tensorflow-datasets are there. Imports neither."""
    return all(importlib.util.find_spec(name) for name in ("tensorflow", "tensorflow_datasets"))


def import_tensorflow():
    """The tensorflow module, with GPUs hidden: their memory belongs to JAX."""
    first = "tensorflow" not in sys.modules
    with _silent_native_code() if first else contextlib.nullcontext():
        import tensorflow

        try:
            tensorflow.config.set_visible_devices([], "GPU")
        except RuntimeError:  # the caller's program already runs TensorFlow on them
            pass
    return tensorflow


@contextlib.contextmanager
def _silent_native_code():
    """Drops everything that is written to standard error, also by C++ code.

    TensorFlow reports devices there while it is being imported, before it reads any of its settings,
    and would bury a one-line error. Python exceptions still propagate.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
