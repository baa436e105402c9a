"""Rendering and corrupting sequences with TensorFlow operations, for tf.data graphs.

Identical to the byte to `moving_mnist.overlay` and `corruptions.corrupt`. TensorFlow is imported inside
the functions: every other module must run where it is not installed.
"""

from vpn_anomaly.data.corruptions import BRIGHT, REACH
from vpn_anomaly.data.digits import GLYPH
from vpn_anomaly.data.tensorflow.importing import import_tensorflow


def as_graph_node(function, outputs, *arguments):
    """A NumPy function as a node of the graph; outputs: its results as (dtype, shape) pairs."""
    tf = import_tensorflow()
    dtypes = [dtype for dtype, _ in outputs]
    results = tf.numpy_function(function, arguments, dtypes, stateful=False)
    for result, (_, shape) in zip(results, outputs, strict=True):
        result.set_shape(shape)
    return results


def overlay_tensors(glyph_NxDx28x28xC, corner_NxTxDx2, height: int, width: int):
    """`moving_mnist.overlay` for tensors: uint8 (N, T, H, W, C)."""
    tf = import_tensorflow()
    sequences = tf.shape(glyph_NxDx28x28xC)[0]
    _, digits, _, _, channels = glyph_NxDx28x28xC.shape
    frames = corner_NxTxDx2.shape[1]
    # Rows and columns of the frame outside the glyph map to its black border.
    side = GLYPH + 2
    bordered = tf.pad(glyph_NxDx28x28xC, [[0, 0], [0, 0], [1, 1], [1, 1], [0, 0]])
    row_NxTxDxH = tf.clip_by_value(tf.range(height) - corner_NxTxDx2[..., 0, None], -1, GLYPH) + 1
    column_NxTxDxW = tf.clip_by_value(tf.range(width) - corner_NxTxDx2[..., 1, None], -1, GLYPH) + 1
    # Columns first, for the glyph's few rows only; then whole contiguous rows are copied.
    glyph_Nx1xDx1x1 = tf.reshape(tf.range(sequences * digits), [-1, 1, digits, 1, 1])
    row_start_30x1 = tf.range(side)[:, None] * side
    strips = tf.gather(
        tf.reshape(bordered, [-1, channels]),
        glyph_Nx1xDx1x1 * side**2 + row_start_30x1 + column_NxTxDxW[..., None, :],
    )
    first_row_NxTxDx1 = tf.reshape(tf.range(sequences * frames * digits), [-1, frames, digits, 1])
    layer_NxTxDxHxWC = tf.gather(
        tf.reshape(strips, [-1, width * channels]), first_row_NxTxDx1 * side + row_NxTxDxH
    )
    clip_NxTxHxWC = tf.reduce_max(layer_NxTxDxHxWC, axis=2)
    return tf.reshape(clip_NxTxHxWC, [sequences, frames, height, width, channels])


def corrupt_tensors(clip_BxTxHxWxC, temporal_B, spatial_B, pixel_bits_B):
    """`corruptions.corrupt` for tensors, given the results of `draw_corruptions`.

    Returns the clips, the changed pixels bool (B, H, W), and whether the frame that gets a square has
    a bright pixel, bool (B,): without one the caller must refuse the clip.
    """
    tf = import_tensorflow()
    _, _, height, width, _ = clip_BxTxHxWxC.shape
    last_BxHxWxC = clip_BxTxHxWxC[:, -1]
    frame_BxHxWxC = tf.where(temporal_B[:, None, None, None], clip_BxTxHxWxC[:, 0], last_BxHxWxC)
    bright_BxHxW = tf.reduce_max(frame_BxHxWxC, axis=-1) >= BRIGHT
    bright_BxP = tf.reshape(bright_BxHxW, [-1, height * width])
    count_BxP = tf.cumsum(tf.cast(bright_BxP, tf.int64), axis=-1)
    chosen_B = tf.bitwise.right_shift(
        tf.cast(pixel_bits_B, tf.int64) * count_BxP[:, -1], tf.constant(32, tf.int64)
    )
    centre_B = tf.reduce_sum(tf.cast(count_BxP <= chosen_B[:, None], tf.int32), axis=-1)
    row_B, column_B = centre_B // width, centre_B % width
    near_row_BxH = tf.abs(tf.range(height) - row_B[:, None]) <= REACH
    near_column_BxW = tf.abs(tf.range(width) - column_B[:, None]) <= REACH
    square_BxHxW = near_row_BxH[:, :, None] & near_column_BxW[:, None, :]
    square_BxHxW &= spatial_B[:, None, None]
    frame_BxHxWxC = tf.where(square_BxHxW[..., None], tf.constant(0, tf.uint8), frame_BxHxWxC)
    corrupted_BxTxHxWxC = tf.concat([clip_BxTxHxWxC[:, :-1], frame_BxHxWxC[:, None]], axis=1)
    changed_BxHxW = tf.reduce_any(frame_BxHxWxC != last_BxHxWxC, axis=-1)
    return corrupted_BxTxHxWxC, changed_BxHxW, count_BxP[:, -1] > 0
