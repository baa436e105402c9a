"""From a configuration's data fields to a source of sequences."""

from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.files import FileSequences, check_shape, read_sequences
from vpn_anomaly.data.moving_mnist import MovingMNIST


def build_source(data):
    """The source that the `data` section describes: a file of sequences, or Moving MNIST.

    UserError for a file that cannot be read or has other frames than the fields say.
    """
    if data.path:
        sequences = read_sequences(data.path)
        check_shape(
            sequences,
            data.path,
            height=data.height,
            width=data.width,
            channels=data.channels,
            minimum_frames=data.frames,
        )
        return FileSequences(sequences[:, : data.frames])
    return MovingMNIST(
        load_digits(data.digits),
        frames=data.frames,
        height=data.height,
        width=data.width,
        digit_count=data.digit_count,
        channels=data.channels,
        trajectory=data.trajectory,
        speed=tuple(data.speed),
        train_sequences=data.train_sequences,
    )
