"""A film of the conveyor, which streams of frames are read from."""

import pathlib
from collections.abc import Iterator

import numpy as np

from experiments.synthetic.conveyor_world.world import Conveyor
from vpn_anomaly.data.video.open_video import Frame, VideoSettings, open_video

RATE, MINUTES = 25, 0.1  # frames per second, and length of the film


def write_film(path: pathlib.Path, height: int, width: int) -> np.ndarray:
    """Writes an H.264 video of the conveyor; returns its frames, uint8 (T, H, W, 1)."""
    import av

    conveyor = Conveyor(0, "train", minutes=MINUTES, height=height, width=width, rate=RATE)
    frames = np.stack([conveyor.frame(index) for index in range(conveyor.frames)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for frame_HxW in frames:
            picture = av.VideoFrame.from_ndarray(frame_HxW, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return frames[..., None]


def decoded(film: pathlib.Path, settings: VideoSettings, folder) -> Iterator[Frame]:
    """The decoded frames, in an endless loop; `folder` lives as long: the temporary folder of the film."""
    while folder:
        with open_video(str(film), settings) as source:
            yield from source


def padded(frame_TxHxWxC: np.ndarray, multiple: int) -> np.ndarray:
    """Frames of which height and width are multiples, with their last row and column repeated."""
    below, beside = (-size % multiple for size in frame_TxHxWxC.shape[1:3])
    return np.pad(frame_TxHxWxC, ((0, 0), (0, below), (0, beside), (0, 0)), "edge")
