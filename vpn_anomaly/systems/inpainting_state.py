"""What the inpainting system predicts frames from: windows of a sequence, and the state of a stream."""

from typing import NamedTuple

import flax.struct
import jax


class Windows(NamedTuple):
    """The context from which G frames of each of B sequences are predicted, and the frames themselves.

    Attributes:
        memory: the last K outputs of the ConvLSTM that are seen, (B, G, K, h, w, L).
        frames: the last K frames that are seen, uint8 (B, G, K, H, W, C).
        value: the predicted frames, uint8 (B, G, H, W, C).
    """

    memory: jax.Array
    frames: jax.Array
    value: jax.Array


@flax.struct.dataclass
class StreamState:
    """The state of B streams, of constant size regardless of the number of frames.

    The last horizon − 1 outputs and frames are not seen yet when the next frame is predicted.

    Attributes:
        lstm: cell state and output of the ConvLSTM, (B, h, w, L) each.
        memory: the last K + horizon − 1 outputs of the ConvLSTM, (B, K + horizon − 1, h, w, L).
        frames: as many last frames, uint8 (B, K + horizon − 1, H, W, C).
        seen: the number of frames so far, ().
    """

    lstm: tuple[jax.Array, jax.Array]
    memory: jax.Array
    frames: jax.Array
    seen: jax.Array
