"""Whether scores are those that were wanted."""

import numpy as np

from vpn_anomaly.errors import UserError


def largest_difference(found_N: np.ndarray, wanted_N: np.ndarray, tolerance: float, what: str) -> float:
    """The largest absolute difference. UserError if one is beyond the tolerance, relative and absolute."""
    if found_N.shape != wanted_N.shape or not np.allclose(found_N, wanted_N, tolerance, tolerance):
        raise UserError(f"{what} differs from this checkout's: {found_N} instead of {wanted_N}")
    return float(np.abs(found_N - wanted_N).max())
