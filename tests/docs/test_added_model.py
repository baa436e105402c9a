"""The example of docs/add_a_model.md, added to a copy of the package as the page says."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, Page

# Runs the page's first command, parses the others; then the mean of 3 outputs, each with its own weight.
PROGRAM = """
import jax.numpy as jnp, numpy as np
from vpn_anomaly import command_line, main
from vpn_anomaly.models.attention.average import build

describe, *others = {commands}
assert main.main(describe) == 0
for words in others:
    assert command_line.parse(words).config.model.attention.kind == "average"
context = np.random.default_rng(0).normal(size=(2, 3, 4, 5, 6)).astype("f")
params = {{"params": {{"logits": jnp.log(jnp.array([1.0, 2.0, 5.0]))}}}}
attended, warped = build(None, 1, None).apply(params, context, None, None, None)
np.testing.assert_allclose(attended, (context[:, 0] + 2 * context[:, 1] + 5 * context[:, 2]) / 8, rtol=1e-5)
assert warped is None
"""


@pytest.mark.slow
def test_the_example_is_a_kind_of_attention(tmp_path):
    page = Page(ROOT / "docs/add_a_model.md")
    for name in ("vpn_anomaly", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    file, row = (block for block in page.blocks if block.language == "python")
    (tmp_path / file.mark.removeprefix("the file ")).write_text(file.text)
    catalogue = tmp_path / "vpn_anomaly/catalogue.py"
    assert row.mark == "a row of ATTENTIONS"
    begin = "ATTENTIONS = (\n"
    catalogue.write_text(catalogue.read_text().replace(begin, f"{begin}    {row.text.strip()},\n", 1))
    commands = [words for module, *words in page.commands if module == "vpn_anomaly.main"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(commands=commands)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    cells, parameters = [line.split() for line in done.stdout.splitlines() if "average" in line], "6"  # K
    assert cells and cells[0][2] == parameters, done.stdout
