"""Why the paper's order does not come out: experiments, each with its expectation.

    python -m experiments.learning_rates --sweep=experiments/definitions/order_table.py --only=ROW,...
    python -m experiments.sweep --sweep=experiments/definitions/order_table.py --workdir=runs/order_table

The protocol, fixed before the runs:

- As in paper_table.py (400 steps of 16 sequences, three seeds, 1,000 normal and 1,000 corrupted test
  sequences, four masks), but on test sequences that no earlier figure was made of: numbers 4,000 to 5,999.
  Sequences 2,000 to 3,999 serve experiment 0, the weights in the package (experiments/fresh_sequences.py).
- One learning rate per kind of network: of (3e-3, 6e-3, 1e-2) the one with the lowest loss on normal
  validation sequences after 150 steps. A row that differs from another in the world, or in how often the
  masked frame is withheld, has that row's rate.
- Each experiment states its primary comparison, and what is expected of it, before its runs. Everything that
  comes out is reported. Differences are of means over seeds, on the same resamples of the same sequences.

Experiments, in the order in which they are run:

0. Fresh figures: the weights in the package on sequences that were never scored before.
1. The missing rows: correlation attention without the masked frame, and no attention without it.
   Primary: `mixed` by `any`, correlation with minus without the masked frame; expected: at most 74 without,
   against 84 with it.
"""

CONFIG = "configs/quick.py"

COMMON = {
    "train.steps": 400,
    "train.batch_size": 16,
    "evaluate.first_sequence": 4000,
    "evaluate.sequences": 1000,
    "evaluate.calibration_sequences": 512,
    "evaluate.bootstrap": 200,
    "score.masks": 4,
}

LEARNING_RATES = (3e-3, 6e-3, 1e-2)

RUNS = {
    # Experiment 1
    "correlation": {},
    "correlation_without_masked_frame": {"model.use_masked_frame": False},
    "none_without_masked_frame": {"model.attention.kind": "none", "model.use_masked_frame": False},
}

SEEDS = (0, 1, 2)

BASELINES = ("motion_compensated_residual",)
STORED_SCORES = ("mean_nll", "tail_mean", "missing_z", "intruding_z", "erased_z", "any", *BASELINES)
