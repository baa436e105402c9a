"""Writes lossless greyscale videos (FFV1 in Matroska) together with their ground truth."""

import fractions
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from vpn_anomaly.files import output_files
from vpn_anomaly.storage import workdir

TRUTH = "truth.json"


def write_world(
    directory: pathlib.Path,
    videos: Mapping[str, Iterable[np.ndarray]],
    truth: Mapping[str, object],
    *,
    height: int,
    width: int,
    rate: int,
) -> None:
    """Writes videos by file name as `write_video` does, and truth.json last.

    Raises:
      UserError: a file cannot be written.
    """
    output_files.check_outputs_in(directory, *videos, TRUTH)
    with output_files.storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        (directory / TRUTH).unlink(missing_ok=True)  # it describes other videos
    for name, frames in videos.items():
        write_video(directory / name, frames, height=height, width=width, rate=rate)
    workdir.write_json(directory / TRUTH, truth)


def write_video(
    path: pathlib.Path, frames: Iterable[np.ndarray], *, height: int, width: int, rate: int
) -> None:
    """Writes frames, uint8 (H, W), consumed one by one, to an atomically created file.

    Raises:
      UserError: the file cannot be written.
    """
    import av  # imported here: generating frames needs no video library

    def write(file):
        try:
            with av.open(file, "w", format="matroska") as container:
                encode(container)
        except av.error.PyAVCallbackError as error:
            # After a failed write, closing fails as well, without giving the reason.
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

    output_files.write_atomically(path, write)
