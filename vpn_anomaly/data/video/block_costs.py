"""How well a block of a frame matches another frame at every displacement.

The cost is the variance of the difference, so that a change of light costs nothing. All displacements of a
block are correlated at once by a Fourier transform.
"""

import numpy as np


def block_costs(
    frame_HxW: np.ndarray, source_HxW: np.ndarray, corner_Nx2: np.ndarray, side: int, reach: int
) -> np.ndarray:
    """Costs of the displacements of blocks from the source to the frame, (N, 2·reach + 1, 2·reach + 1).

        cost(block, d) = Var_{p in block} (frame(p) − source(p − d))

    Entry (reach + dy, reach + dx) moves the source down by dy and right by dx pixels. Infinite where
    the source would be read outside.

    Args:
        frame_HxW, source_HxW: grey levels.
        corner_Nx2: row and column of each block's upper left pixel.
        side: of a block, pixels.
    """
    block_NxPxP = _squares(frame_HxW, corner_Nx2, side)
    window_NxSxS = _squares(np.pad(source_HxW, reach), corner_Nx2, side + 2 * reach)
    inside_NxSxS = _squares(np.pad(np.ones(source_HxW.shape), reach), corner_Nx2, side + 2 * reach)
    mean_N = block_NxPxP.mean((1, 2), keepdims=True)
    block_NxPxP, window_NxSxS = block_NxPxP - mean_N, window_NxSxS - mean_N  # for the sake of precision
    size, count = window_NxSxS.shape[1:], 2 * reach + 1

    def correlated(x_NxSxS, y_NxPxP):
        product = np.fft.rfft2(x_NxSxS) * np.fft.rfft2(y_NxPxP, size).conj()
        return np.fft.irfft2(product, size)[:, :count, :count]

    ones, pixels = np.ones((1, side, side)), side**2
    mean = -correlated(window_NxSxS, ones) / pixels
    square = (block_NxPxP**2).sum((1, 2), keepdims=True) + correlated(window_NxSxS**2, ones)
    square = (square - 2 * correlated(window_NxSxS, block_NxPxP)) / pixels
    cost = np.maximum(square - mean**2, 0)
    cost[correlated(inside_NxSxS, ones) < pixels - 0.5] = np.inf
    return cost[:, ::-1, ::-1]  # a window's first pixels are those that move down and right the most


def _squares(image_HxW, corner_Nx2, side):
    """The squares at these corners, (N, side, side)."""
    views = np.lib.stride_tricks.sliding_window_view(image_HxW, (side, side))
    return views[corner_Nx2[:, 0], corner_Nx2[:, 1]]
