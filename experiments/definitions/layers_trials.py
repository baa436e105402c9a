"""What attention of layers and copies bring, each alone and together: trials on validation sequences.

    python -m experiments.validation_trials --sweep=experiments/definitions/layers_trials.py

Rows change one thing of configs/quick.py; `correlation` is what stood there before, with this learning rate. The
trials were to end when `missing_z` passed 0.90 on `spatial`, or after ten of them.
"""

CONFIG = "configs/quick.py"
RUNS = {
    "layers_and_copies": {},
    "copies_only": {"model.attention.kind": "correlation", "model.attention.content_frames": 1},
    "layers_only": {"model.head.copies": False},
    "correlation": {
        "model.attention.kind": "correlation",
        "model.attention.content_frames": 1,
        "model.head.copies": False,
    },
    "one_frame": {"model.attention.content_frames": 1},
    "three_layers": {"model.attention.layers": 3},
    "cells_of_2": {"model.attention.cell": 2, "model.attention.layer_windows": (25, 13)},
}
SEEDS = (0,)
