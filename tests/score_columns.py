"""The columns of scores as they are documented, beside the table that makes them."""

DISTRIBUTION_SCORES = ("mean_nll", "excess_nll", "tail_mean", "missing_z", "intruding_z", "erased_z")
BLOCK_SCORES = ("missing_z", "intruding_z", "detail_excess")
WAYS = ("speed", "direction", "presence", "change", "appearance")  # of being unusual, of system normality
BASELINE_NAMES = (
    "ink_change",
    "frame_difference",
    "frame_difference_windowed",
    "motion_compensated_residual",
    "constant_velocity",
    "constant",
)
