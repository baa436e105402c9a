"""TensorFlow, imported when it is first needed, without its notices and without its GPUs.

Every module must run where TensorFlow is not installed, so it is imported inside functions only.
"""

import contextlib
import os
import sys


def import_tensorflow():
    """The tensorflow module, its GPUs hidden: the memory there is JAX's."""
    first = "tensorflow" not in sys.modules
    with _silent_native_code() if first else contextlib.nullcontext():
        import tensorflow

        try:
            tensorflow.config.set_visible_devices([], "GPU")
        except RuntimeError:  # the caller's program has TensorFlow running on them already
            pass
    return tensorflow


@contextlib.contextmanager
def _silent_native_code():
    """Drops what is written to the standard error, by C++ too.

    TensorFlow reports devices there while it is imported, before any setting of its own is read,
    and would bury the one line of an error. Python's exceptions are not touched.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
