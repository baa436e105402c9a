"""The images of a folder as the frames of a video."""

import collections
import pathlib
import re
from collections.abc import Iterator, Sequence

from vpn_anomaly.errors import UserError

NAMED = 5  # as many images or gaps are named in a message


class ImageFolder:
    """Images in the order given, `rate` a second. Those that cannot be read are passed over.

    Their numbers stay free, so that index / rate is still the time of an image. Other files of a
    folder never come here, and nothing is said of them: label files lie beside the images of many
    data sets.
    """

    live = False

    def __init__(self, source: str, paths: list[pathlib.Path], rate: float):
        if not paths:
            raise UserError(f"{source}: no images in it; give a folder of jpg, png, bmp or tif")
        self.rate = rate
        self.expected_frames = len(paths)
        self._paths = paths
        self._unread = []

    def pictures(self) -> Iterator[tuple]:
        """Yields (index, seconds, av.VideoFrame)."""
        for index, path in enumerate(self._paths):
            frame = _decoded(path)
            if frame is None:
                self._unread.append(path.name)
            else:
                yield index, index / self.rate, frame

    def problems(self) -> list[str]:
        """What was found wrong so far, a phrase each."""
        found = []
        if self._unread:
            found.append(f"{len(self._unread)} of {len(self._paths)} images cannot be read"
                         f" ({shortened(self._unread)})")
        missing = gaps([path.stem for path in self._paths])
        if missing:
            found.append(f"images are missing by their numbers ({shortened(missing)})")
        return found

    def close(self) -> None:
        """Nothing is held open."""


def gaps(names: list[str]) -> list[str]:
    """The numbers that are missing, "7" or "7-9" each, by the last number in each name.

    The numbers may go in steps (0, 5, 10 …): the commonest step counts, and only if at least half
    of the steps are that one. Otherwise, as with names made of times, nothing is missing.
    """
    numbers = [re.findall(r"\d+", name)[-1:] for name in names]
    if not all(numbers) or len(numbers) < 3:
        return []
    numbers = [int(number) for number, in numbers]
    pairs = list(zip(numbers, numbers[1:], strict=False))
    steps = collections.Counter(after - before for before, after in pairs)
    step, count = steps.most_common(1)[0]
    if step < 1 or 2 * count < len(pairs):
        return []
    found = []
    for before, after in pairs:
        first, last = before + step, after - step
        if first <= last:
            found.append(str(first) if first == last else f"{first}-{last}")
    return found


def shortened(names: Sequence[str]) -> str:
    """The first NAMED of the names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _decoded(path: pathlib.Path):
    """The image as av.VideoFrame; None where it cannot be read."""
    import av

    try:
        # A file object, not a name: FFmpeg takes % in an image's name for a pattern.
        with open(path, "rb") as file, av.open(file) as container:
            codec = container.streams.video[0].codec_context
            if codec is not None and codec.name == "mjpeg":
                # Otherwise a JPEG that is cut off comes with its rest grey, and nothing says so. Cut
                # files of other formats are refused anyhow, and this refuses some whole TIFFs.
                codec.options = {"err_detect": "explode"}
            return next(container.decode(video=0), None)
    except (OSError, IndexError, av.FFmpegError):  # IndexError: no picture in the file
        return None
