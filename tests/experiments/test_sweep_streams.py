"""A sweep whose standard streams are closed, full or without a reader goes on to its end."""

import os
import subprocess
import sys

import pytest

from tests.experiments.conftest import ROOT

SWEEP = "import sys; from experiments import sweep; sys.exit(sweep.main(sys.argv[2:], sys.argv[1:2]))"


@pytest.mark.slow
@pytest.mark.parametrize("redirections", ["<&- >&- 2>&-", ">/dev/full 2>&1", "2>&1 | head -1 >/dev/null"])
def test_a_sweep_that_nobody_hears(redirections, sweep_file, fake_program, tmp_path):
    script = f'"$@" {redirections}; exit ${{PIPESTATUS[0]}}'
    command = [
        sys.executable,
        "-c",
        SWEEP,
        *fake_program,
        f"--sweep={sweep_file('a', 'fails')}",
        f"--workdir={tmp_path}/work",
        f"--results={tmp_path}/kept",
    ]
    done = subprocess.run(
        ["bash", "-c", script, "bash", *command],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")  # a run failed
    assert (tmp_path / "kept/tiny/a/seed0.json").exists()
    assert "MemoryError" in (tmp_path / "work/fails/seed0.log").read_text()
