"""Ablations of table.py's model: every row changes one thing of `base`.

    python -m experiments.sweep --sweep=experiments/definitions/ablations.py --workdir=runs/ablations

All rows have table.py's budget: 400 steps of 8 sequences, evaluated on 256 normal test sequences and 256 of
each corruption. There is one seed, so a difference smaller than the two rows' intervals means nothing.

- context: number of ConvLSTM outputs that attention reads. The first of train.targets is frame 10.
- mask: percentage of the target frame that is hidden; 95% in `base`.
- targets: number of frames reconstructed per sequence; four in `base`.
- attention, encoder: the paper's attention variants and encoder block instead of correlation attention and
  the ReLU block.
- heads, windows: number of moved frames in correlation attention, and window sizes of its matching costs.
- without_masked_frame: the model does not see the unmasked 5% of pixels.
"""

CONFIG = "configs/table.py"
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
