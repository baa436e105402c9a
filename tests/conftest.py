"""Tests compile tiny programs, which takes longer than to run them: LLVM optimises nothing here."""

import os

# Read when the first program is compiled, here and in the processes that tests start.
os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}"
