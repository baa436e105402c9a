"""The catalogue's rows stand for what there is, and nobody else asks which system or set it has."""

import ast
import pathlib
import subprocess
import sys

import jax.numpy as jnp
import pytest

from tests.tiny import tiny_config
from vpn_anomaly import catalogue
from vpn_anomaly.data.labelled.layouts import Layout
from vpn_anomaly.models.attention.attention import Attention

PACKAGE = pathlib.Path(catalogue.__file__).parent
# What may know a name: the rows and their rules, and what they stand for.
KNOWS = ("catalogue.py", "system_rules.py", "systems/", "data/labelled/")
NAMES = {row.name for row in (*catalogue.SYSTEMS, *catalogue.LABELLED_SETS)}
ASKING = ("hasattr", "getattr", "isinstance", "type")


def choices_by_name(source):
    """Line numbers where a name decides (a comparison, `in`, a key of a dict, a case), or where a system
    is asked what it is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            asked = [key for key in node.keys if key is not None]
        elif isinstance(node, ast.MatchValue):
            asked = [node.value]
        else:
            asked = []
        names = (literal for part in asked for literal in ast.walk(part) if isinstance(literal, ast.Constant))
        if any(isinstance(name.value, str) and name.value in NAMES for name in names):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING:
            if node.args and ast.unparse(node.args[0]).rpartition(".")[2] == "system":
                yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "if system == 'vpn': pass",
        "if config.system in ('inpainting', 'block_inpainting'): pass",
        "if values['data.source'] != 'ucsd': pass",
        "NETWORKS = {'frame_autoencoder': 1}",
        "match name:\n    case 'vpn': pass",
        "if hasattr(scorer.system, 'shown'): pass",
        "cell = getattr(system, 'cell', 1)",
        "if isinstance(system, VPNSystem): pass",
    ],
)
def test_a_choice_by_name_is_found(source):
    assert list(choices_by_name(source))


def test_what_is_no_choice_by_name_is_not_found():
    source = "row = system_named('vpn')\nif system.about.streams == other: x = {'name': 'vpn'}"
    assert not list(choices_by_name(source))


def test_nobody_asks_which_system_or_labelled_set_it_has():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if not path.relative_to(PACKAGE).as_posix().startswith(KNOWS)
        for line in choices_by_name(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_names_are_unique():
    for rows in (catalogue.SYSTEMS, catalogue.ATTENTIONS, catalogue.LABELLED_SETS):
        assert len(set(catalogue.names(rows))) == len(rows)


@pytest.mark.parametrize("row", catalogue.ATTENTIONS, ids=lambda row: row.name)
def test_an_attention_is_built_by_its_row(row):
    attention = row.builder()(tiny_config().model.attention, 1, jnp.float32)
    assert isinstance(attention, Attention)


@pytest.mark.parametrize("row", catalogue.LABELLED_SETS, ids=lambda row: row.name)
def test_a_labelled_set_is_read_by_its_row(row):
    reader = row.reader()
    assert isinstance(reader.LAYOUT, Layout)
    for name in ("training_sources", "test_sources", "check_layout", "test_clips"):
        assert callable(getattr(reader, name))


def test_names_are_known_without_jax():
    program = "import sys\nfrom vpn_anomaly import config, usage\nusage.help_text()\nassert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
