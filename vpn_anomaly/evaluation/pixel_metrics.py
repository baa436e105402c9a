"""How well a map tells anomalous pixels from the others, over more pixels than memory holds."""

import numpy as np

# A float32 by its sign, exponent and first 11 bits of fraction: values that agree in these, to a part
# in 2,048 of their size, count as equal.
BITS = 20
BINS = 1 << BITS


class PixelAuroc:
    """AUROC of pixels that come frame by frame; memory is the same however many there are."""

    def __init__(self):
        self._counts_2xV = np.zeros((2, BINS), np.int64)  # normal, anomalous; ascending values

    def add(self, map_HxW: np.ndarray, anomalous_HxW: np.ndarray, counted_HxW: np.ndarray) -> None:
        """Takes in a frame: a map, the pixels that are anomalous and those that count, bool."""
        for row, chosen in enumerate((~anomalous_HxW, anomalous_HxW)):
            places, counts = np.unique(_ordered(map_HxW[chosen & counted_HxW]), return_counts=True)
            self._counts_2xV[row, places] += counts

    def take_in(self, other: "PixelAuroc") -> None:
        """Takes in all that another one has."""
        self._counts_2xV += other._counts_2xV

    @property
    def value(self) -> float | None:
        """The probability that an anomalous pixel exceeds a normal one, ties counting half.

        None where there are no pixels of a kind.
        """
        normal_V, anomalous_V = self._counts_2xV
        normal, anomalous = normal_V.sum(), anomalous_V.sum()
        if not normal or not anomalous:
            return None
        below_V = np.cumsum(normal_V) - normal_V
        beaten = float(anomalous_V @ (below_V + normal_V / 2))
        return beaten / (float(normal) * float(anomalous))


def _ordered(value_N: np.ndarray) -> np.ndarray:
    """A number below BINS for every value, that grows with it: its leading bits."""
    bits = (np.asarray(value_N, np.float32) + np.float32(0)).view(np.uint32)  # −0 becomes 0
    negative = bits >> 31 == 1
    ascending = np.where(negative, ~bits, bits | np.uint32(1 << 31))
    return ascending >> np.uint32(32 - BITS)


def at_size(mask_HxW: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask at the work size, bool (height, width): where at least half of a pixel is masked."""
    from PIL import Image

    if mask_HxW.shape == (height, width):
        return mask_HxW
    picture = Image.fromarray(mask_HxW.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX)) >= 0.5
