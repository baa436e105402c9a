"""What each part of quick.py's correlation model is worth: every row changes one thing of `base`.

    python -m experiments.sweep --sweep=experiments/definitions/ablations.py --workdir=runs/ablations

The budget is that of quick.py (400 steps of 8 sequences, 256 test sequences of each kind and as many
normal ones): rows differ by what they change, not by how long they learn. One seed, so that
differences smaller than the intervals of two rows mean nothing. The rows:

- context: how many ConvLSTM outputs attention reads. The first of train.targets is frame 10.
- mask: the part of the last frame that is hidden; 95% in `base`.
- targets: frames of a sequence that are reconstructed; four in `base`.
- attention, encoder: the paper's readings and block in place of correlation and the ReLU block.
- heads, windows: moved frames of correlation attention, and what their costs are summed over.
- without_masked_frame: the shown 5% are not given to the model.
"""

CONFIG = "configs/quick.py"
COMMON = {
    "train.steps": 400,
    "evaluate.sequences": 256,
    "evaluate.calibration_sequences": 256,
}
SEEDS = (0,)
RUNS = {
    "base": {},
    "context_3": {"model.context": 3},
    "context_9": {"model.context": 9},
    "mask_90": {"data.lattice": (2, 5)},
    "mask_99": {"data.lattice": (10, 10)},
    "targets_1": {"train.targets": (19,)},
    "targets_2": {"train.targets": (15, 19)},
    "attention_none": {"model.attention.kind": "none"},
    "attention_full": {"model.attention.kind": "full"},
    "attention_depthwise": {"model.attention.kind": "depthwise"},
    "encoder_rmb": {"model.encoder.block": "rmb"},
    "heads_1": {"model.attention.heads": 1},
    "heads_2": {"model.attention.heads": 2},
    "heads_5": {"model.attention.heads": 5},
    "windows_3": {"model.attention.windows": (3,)},
    "windows_5_9": {"model.attention.windows": (5, 9)},
    "without_masked_frame": {"model.use_masked_frame": False},
}
