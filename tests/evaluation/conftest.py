"""A run on a tiny labelled set in each layout."""

import types

import pytest

from tests.labelled_sets import LAYOUTS, labelled_run, write_set


@pytest.fixture(scope="session", params=LAYOUTS)
def labelled(request, tmp_path_factory):
    """A set in each layout with a run on it, its test clips and masks."""
    folder = tmp_path_factory.mktemp(request.param)
    test, masks = write_set(request.param, folder / "set")
    run = labelled_run(folder, request.param, folder / "set")
    return types.SimpleNamespace(source=request.param, test=test, masks=masks, **vars(run))
