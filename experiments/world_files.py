"""A video file of grey frames, without loss: FFV1 in Matroska."""

import fractions
import pathlib
from collections.abc import Iterable

import numpy as np

from vpn_anomaly import workdir


def write_video(path: pathlib.Path, frames: Iterable[np.ndarray], *, height: int, width: int,
                rate: int) -> None:
    """Writes frames, uint8 (H, W), one by one: none is kept. The file appears when it is whole.

    Raises:
      UserError: the file cannot be written.
    """
    import av  # here alone: the world itself needs no video library

    def write(file):
        try:
            with av.open(file, "w", format="matroska") as container:
                encode(container)
        except av.error.PyAVCallbackError as error:
            # After a failed write closing fails too, and does not say why.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise OSError("the video could not be finished") from error

    def encode(container):
        stream = container.add_stream("ffv1", rate=rate)
        stream.pix_fmt, stream.height, stream.width = "gray", height, width
        for index, frame_HxW in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame_HxW, format="gray")
            picture.pts, picture.time_base = index, fractions.Fraction(1, rate)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))

    workdir.write_atomically(path, write)
