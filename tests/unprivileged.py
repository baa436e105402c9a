"""Tests of what a user may not do, also where the tests are root's, who may do everything."""

import contextlib
import os
import pathlib
import shutil
import tempfile

NOBODY = 65534


@contextlib.contextmanager
def folder_without_permission():
    """Yields a folder in which an `old.csv` lies, and nothing can be made or changed."""
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "old.csv").write_text("old")
    (folder / "old.csv").chmod(0o444)
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)
