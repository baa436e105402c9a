"""Sequences that come with the package, to try it with: `--input=sample`, `Detector.score("sample")`.

sample.npz holds `sequences`, uint8 (16, 20, 64, 64), and `corruption`, text (16,): what was done to the last frame of
each; the first 8 are normal. They are of the test split. `experiments/make_sample.py` writes it.
"""

import pathlib

SAMPLE = "sample"
FILE = pathlib.Path(__file__).with_name("sample.npz")
